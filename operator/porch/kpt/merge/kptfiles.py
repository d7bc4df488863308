"""The merge of Kptfiles: on the node tree, so that comments, order and unknown fields stay.

Pure. The name, and in the root package upstream and its lock, are local's; so is what the last
render said. Functions are told apart by name, else by image (without its version) or command, and
by number where one runs twice; a function that one side removed is gone or stays as a whole.
Errors    UnmergeableKptfile with side, file and line; BadYaml.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from porch.kpt.annotations import UPSTREAM_IDENTIFIER
from porch.kpt.content import File
from porch.kpt.files import text_of
from porch.kpt.kptfile import API_VERSION, GROUP, KIND, BadKptfile
from porch.kpt.kptfile_edit import place_section, remove_condition, remove_field
from porch.kpt.merge.conflicts import Conflict, ResourceId
from porch.kpt.merge.documents import bytes_of
from porch.kpt.merge.fields import FieldConflict, merge_fields
from porch.kpt.merge.outcomes import without_aliases
from porch.kpt.merge.shapes import MergeKeys, Shape
from porch.kpt.merge.sides import Side, Three
from porch.kpt.renderstatus import RENDERED
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import Document, parse

_LOCALS: Final = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "annotations", UPSTREAM_IDENTIFIER),
    ("status", "renderStatus"),
)
_ROOT_LOCALS: Final = (*_LOCALS, ("upstream",), ("upstreamLock",))


class UnmergeableKptfile(BadKptfile):
    """A side's Kptfile is none that a merge understands."""

    def __init__(self, side: Side, path: str, problem: str, *, line: int = 1) -> None:
        super().__init__(f"{side} {path}: line {line}: {problem}")
        self.side, self.path, self.line = side, path, line


@dataclass(frozen=True, slots=True)
class _FunctionKeys:
    """How the functions of a pipeline are told apart."""

    names: tuple[str, ...] = ("name",)

    def labels(self, elements: Sequence[Node]) -> list[str] | None:
        """Name, image or command of each, with the number of its run from the second one on."""
        labels: list[str] = []
        runs: Counter[str] = Counter()
        for element in elements:
            label = _function_label(element)
            if not label:
                return None
            runs[label] += 1
            labels.append(label if runs[label] == 1 else f"{label},run={runs[label]}")
        return labels


def _function_label(function: Node) -> str:
    name, image, command = (function.text(field) for field in ("name", "image", "exec"))
    if name:
        return f"name={name}"
    if image:
        return f"image={_image_name(image)}"
    return f"exec={command}" if command else ""


def _image_name(image: str) -> str:
    """An image reference without tag and digest; a registry's port is no tag."""
    reference = image.partition("@")[0]
    head, colon, tag = reference.rpartition(":")
    return head if colon and "/" not in tag else reference


_FUNCTIONS: Final = Shape(keys=_FunctionKeys())
_SET: Final = Shape(keys=MergeKeys(()))
_SHAPE: Final = Shape(
    {
        "info": Shape(
            {
                "emails": _SET,
                "keywords": _SET,
                "readinessGates": Shape(keys=MergeKeys(("conditionType",))),
            }
        ),
        "pipeline": Shape({"mutators": _FUNCTIONS, "validators": _FUNCTIONS}),
        "status": Shape({"conditions": Shape(keys=MergeKeys(("type",)))}),
    }
)


def merge_kptfile(
    sides: Three[File | None], path: str, *, is_root: bool, limits: YamlLimits
) -> tuple[File, list[Conflict]]:
    """The Kptfile of a package that local and updated have, and its conflicts."""
    file = sides.local
    assert file is not None  # noqa: S101 - the caller has looked
    original, updated, local = (
        read_kptfile_of(side, each, path, limits=limits)
        for side, each in zip(Side, sides, strict=True)
    )
    assert updated is not None and local is not None  # noqa: S101, PT018 - the caller has looked
    fields = _ROOT_LOCALS if is_root else _LOCALS
    roots = without_aliases(
        Three(
            _as_local(original.root, local.root, fields) if original is not None else None,
            _as_local(updated.root, local.root, fields),
            local.root,
        )
    )
    conflicts: list[Conflict] = []

    def tell(found: FieldConflict) -> None:
        resource = ResourceId(GROUP, KIND, "", local.root.text("metadata", "name"))
        conflicts.append(Conflict(path, resource, *found[:4], taken=found.taken))

    merged = merge_fields(roots, _SHAPE, tell=tell)
    assert merged is not None  # noqa: S101 - its kind is local's
    if merged == local.root:
        return file, conflicts
    return File.of(emit([Document(merged, local.wide)]).encode(), file.mode), conflicts


def read_kptfile_of(
    side: Side, file: File | None, path: str, *, limits: YamlLimits
) -> Document | None:
    """A side's Kptfile, which must be of the one version that is merged; None when absent."""
    if file is None:
        return None
    source = f"{side} {path}"
    documents = parse(text_of(bytes_of(file, path), source), source=source, limits=limits)
    if len(documents) != 1:
        raise UnmergeableKptfile(
            side,
            path,
            f"a Kptfile must hold one document, found {len(documents)}",
            line=documents[1].first_line if documents else 1,
        )
    root = documents[0].root
    api_version, kind = root.text("apiVersion"), root.text("kind")
    if (api_version, kind) != (API_VERSION, KIND):
        raise UnmergeableKptfile(
            side,
            path,
            f"a Kptfile must be `{API_VERSION}` `{KIND}`, found {api_version!r} {kind!r}: bring"
            " both packages to this version first",
            line=root.line,
        )
    metadata = root.get("metadata")
    if metadata is None or not (metadata.is_mapping or metadata.is_null):
        raise UnmergeableKptfile(
            side, path, "a Kptfile must have the mapping `metadata`", line=root.line
        )
    return documents[0]


def _as_local(root: Node, local: Node, fields: Sequence[tuple[str, ...]]) -> Node:
    """A copy that has these fields as local has them: neither side has changed them then."""
    copy = root.clone()
    for field in fields:
        wanted = local.at(*field)
        if wanted is None:
            remove_field(copy, *field)
        elif len(field) == 1:
            place_section(copy, field[0], wanted)
        else:
            parent = copy
            for step in field[:-1]:
                parent = parent.child(step)
            parent.set(field[-1], wanted)
    remove_condition(copy, RENDERED)
    return copy
