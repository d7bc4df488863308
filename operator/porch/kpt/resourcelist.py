"""The text through which functions outside of the process read and write items.

Pure. Input: one document, compact sequences, no results. Output: a ResourceList or List, or plain
documents; results as a list or in the older wrapped form.
Errors    BadFunctionOutput when the text is no YAML or holds something else than resources.
Source    the KRM function specification and the byte reader of kyaml.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from porch.kpt.evaluate import (
    FieldRef,
    FileRef,
    FunctionNotRun,
    ResourceRef,
    ResultItem,
    Severity,
)
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits
from porch.kpt.yaml.node import Kind, Node
from porch.kpt.yaml.parse import parse

API_VERSION: Final = "config.kubernetes.io/v1"
KIND: Final = "ResourceList"

_UNWRAPPED_KINDS: Final = (KIND, "List")


class BadFunctionOutput(FunctionNotRun):
    """What a function printed cannot be read as items."""

    reason: ClassVar[str] = "BadFunctionOutput"


@dataclass(frozen=True, slots=True)
class ResourceList:
    """What a function printed. `is_empty`: it printed nothing but blanks and comments."""

    items: list[Node]
    results: tuple[ResultItem, ...] = ()
    is_empty: bool = False


def write_input(items: Iterable[Node], config: Node | None = None) -> str:
    """The text that a function reads; the items are not changed."""
    fields: list[tuple[str, Node | str]] = [
        ("apiVersion", API_VERSION),
        ("kind", KIND),
        ("items", Node(Kind.SEQUENCE, content=[_element(item) for item in items])),
    ]
    if config is not None:
        fields.append(("functionConfig", _element(config)))
    return emit_document(Node.mapping(fields))


def _element(item: Node) -> Node:
    """The item without the comments of its document, which stay with the caller's tree."""
    element = Node(item.kind, item.value, style=item.style, tag=item.tag, content=item.content)
    element.anchor = item.anchor
    return element


def read_output(text: str, *, limits: YamlLimits = DEFAULT_LIMITS) -> ResourceList:
    """What a function printed."""
    try:
        roots = [document.root for document in parse(text, limits=limits)]
    except BadYaml as error:
        raise BadFunctionOutput(f"the function's output must be YAML: {error}") from error
    if not roots:
        return ResourceList([], is_empty=True)
    if len(roots) == 1 and roots[0].text("kind") in _UNWRAPPED_KINDS:
        wrapped = roots[0]
        items = wrapped.get("items")
        if items is not None or wrapped.get("functionConfig") is not None:
            roots = items.content if items is not None else []
            return ResourceList(roots, read_results(wrapped.get("results")))
    return ResourceList(roots)


def read_printed(stdout: bytes, *, exit_code: int = 0) -> ResourceList:
    """What a function printed, as bytes; one that failed may print what it likes."""
    try:
        return read_output(stdout.decode())
    except (BadFunctionOutput, UnicodeDecodeError) as err:
        if exit_code:
            return ResourceList([])
        raise BadFunctionOutput(f"the function must print a ResourceList: {err}") from err


def read_results(results: Node | None) -> tuple[ResultItem, ...]:
    """The structured results, as a list or wrapped as `{name, items}`."""
    if results is None or results.is_null:
        return ()
    if results.kind is Kind.MAPPING:
        items = results.get("items")
        return read_results(items) if items is not None and items.is_sequence else ()
    return tuple(_result(each) for each in results.content if each.is_mapping)


def _result(node: Node) -> ResultItem:
    severity = node.text("severity").lower()
    return ResultItem(
        message=node.text("message"),
        severity=Severity(severity) if severity in set(Severity) else None,
        resource=_resource(node.get("resourceRef")),
        field=_field(node.get("field")),
        file=_file(node.get("file")),
        tags=_tags(node.get("tags")),
    )


def _resource(node: Node | None) -> ResourceRef | None:
    if node is None or not node.content:
        return None
    return ResourceRef(
        api_version=node.text("apiVersion"),
        kind=node.text("kind"),
        namespace=node.text("namespace") or node.text("metadata", "namespace"),
        name=node.text("name") or node.text("metadata", "name"),
    )


def _field(node: Node | None) -> FieldRef | None:
    if node is None or not node.content:
        return None
    return FieldRef(
        path=node.text("path"),
        current_value=_value_text(node.get("currentValue")),
        proposed_value=_value_text(node.get("proposedValue") or node.get("suggestedValue")),
    )


def _value_text(node: Node | None) -> str:
    if node is None or node.is_null:
        return ""
    return node.value if node.is_scalar else emit_document(node).strip()


def _file(node: Node | None) -> FileRef | None:
    if node is None or not node.content:
        return None
    index = node.text("index")
    return FileRef(path=node.text("path"), index=int(index) if index.isdecimal() else 0)


def _tags(node: Node | None) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    return tuple((key.value, value.value) for key, value in node.items() if value.is_scalar)
