"""ensure-name-substring: give names a prefix or suffix that they lack, and follow references.

CustomResourceDefinitions, APIServices, Namespaces and Kptfiles keep their names.
"""

from dataclasses import dataclass

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, Rejected, done
from porch.functions.builtin.legacy import failed_legacy
from porch.functions.builtin.name_references import Renamed, update_references
from porch.kpt.annotations import annotation, set_annotation
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

_DEPENDS_ON = "config.kubernetes.io/depends-on"
_SKIPPED = ("CustomResourceDefinition", "APIService", "Namespace", "Kptfile")
_MODES = ("prepend", "append")

Renames = dict[tuple[str, str, str], str]  # (kind, namespace, old name) -> new name


def run(call: BuiltinCall) -> FunctionOutput:
    """Ensure the substring."""
    try:
        edit, extra = _settings(call.config)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to configure function: {refusal.message}")
    references = {_depends_on_reference(item) for item in call.items}
    renames = _rename(call.items, edit)
    for item in call.items:
        update_references(item, krm.effective_namespace(item), _finder(renames))
        _update_depends_on(item, references, edit)
        for spec in extra:
            _edit_field(item, spec, edit)
    return done(call.items)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What to add, and where."""

    substring: str
    prepends: bool

    def apply(self, name: str) -> str:
        if self.substring in name:
            return name
        return self.substring + name if self.prepends else name + self.substring


def _settings(config: Node | None) -> tuple[_Edit, list[Node]]:
    if config is None:
        raise Rejected("`functionConfig` must be a `ConfigMap` or `EnsureNameSubstring`")
    if config.text("kind") == "ConfigMap" and config.text("apiVersion") == "v1":
        data = config.get("data")
        keys = data.keys() if data is not None else []
        if len(keys) != 1:
            raise Rejected(f"only 1 entry is allowed in the ConfigMap, but got: {len(keys)}")
        return _edit(config.text("data", keys[0]), keys[0]), []
    if config.text("kind") == "EnsureNameSubstring":
        extra = config.get("additionalNameFields")
        found = extra.content if extra is not None and extra.is_sequence else []
        return _edit(config.text("substring"), config.text("editMode") or "prepend"), found
    raise Rejected("`functionConfig` must be a `ConfigMap` or `EnsureNameSubstring`")


def _edit(substring: str, mode: str) -> _Edit:
    if mode not in _MODES:
        raise Rejected(f"unknown editMode: {mode}")
    if not substring:
        raise Rejected("`substring` must not be empty")
    return _Edit(substring, prepends=mode == "prepend")


def _rename(items: list[Node], edit: _Edit) -> Renames:
    """Rename the items; what was called what."""
    renames: Renames = {}
    for item in items:
        name = krm.name_of(item)
        if item.text("kind") in _SKIPPED or not name:
            continue
        new = edit.apply(name)
        renames[item.text("kind"), krm.effective_namespace(item), name] = new
        item.child("metadata").set("name", new)
    return renames


def _finder(renames: Renames) -> Renamed:
    def renamed(kind: str, namespace: str, name: str) -> str | None:
        for where in (namespace, krm.NO_NAMESPACE):
            if (kind, where, name) in renames:
                return renames[kind, where, name]
        return None

    return renamed


def _depends_on_reference(item: Node) -> str:
    group, _ = krm.group_version(item)
    namespace = krm.effective_namespace(item)
    scope = "" if namespace == krm.NO_NAMESPACE else f"namespaces/{namespace}/"
    return f"{group}/{scope}{item.text('kind')}/{krm.name_of(item)}"


def _update_depends_on(item: Node, references: set[str], edit: _Edit) -> None:
    value = annotation(item, _DEPENDS_ON)
    if value is None:
        return
    moved = []
    for reference in value.split(","):
        stripped = reference.strip()
        parent, _, name = stripped.rpartition("/")
        is_ours = stripped in references and parent.rpartition("/")[2] not in _SKIPPED
        new = f"{parent}/{edit.apply(name)}"
        moved.append(reference.replace(stripped, new) if is_ours else reference)
    if ",".join(moved) != value:
        set_annotation(item, _DEPENDS_ON, ",".join(moved))


def _edit_field(item: Node, spec: Node, edit: _Edit) -> None:
    if not krm.is_gvk(item, spec.text("group"), spec.text("version"), spec.text("kind")):
        return
    nodes = [item]
    for part in spec.text("path").split("/"):
        found = [node.get(part.removesuffix("[]")) for node in nodes]
        nodes = [
            child
            for node in found
            if node is not None
            for child in (node.content if node.is_sequence else [node])
        ]
    for node in nodes:
        if node.is_scalar and node.value:
            node.value = edit.apply(node.value)
