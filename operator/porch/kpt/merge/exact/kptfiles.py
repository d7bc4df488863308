"""kpt's merge of Kptfiles: of their structures, so comments are lost and lists merge by `name`.

Pure. Functions without names get one for the merge, made of image or command, unless one of them
has a name or runs twice. One that upstream removed may leave an empty entry.
Source    kpt's Kptfile merge and its updates of upstream.
"""

from collections.abc import Iterable
from typing import Final

from porch.kpt.content import File, FileMode
from porch.kpt.files import text_of
from porch.kpt.kptfile import UnreadableKptfile, parse_kptfile
from porch.kpt.merge.documents import bytes_of
from porch.kpt.merge.exact.fields import Walker
from porch.kpt.merge.exact.sources import Sources, Unmergeable
from porch.kpt.merge.exact.structs import as_struct
from porch.kpt.merge.sides import Three
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Kind, Node
from porch.kpt.yaml.parse import parse

_LISTS: Final = ("mutators", "validators")
_MERGED: Final = ("info", "pipeline", "inventory", "status")
_OF_METADATA: Final = ("annotations", "labels")
_OF_UPSTREAM: Final = ("upstream", "upstreamLock")
_TEMPORARY: Final = "_kpt-merge_"


def merge_kptfile(
    sides: Three[File | None], path: str, *, is_root: bool, limits: YamlLimits
) -> File:
    """Local's Kptfile with what the others say; one that no side has is made."""
    roots = [
        _read(file, path, limits=limits) for file in (sides.local, sides.original, sides.updated)
    ]
    local, _, updated = (root.clone() for root in roots)
    try:
        merged = _merge(roots)
    except Unmergeable as error:
        raise error.located(path) from error
    for name in _OF_METADATA:
        _take(local.child("metadata"), name, merged.at("metadata", name))
    for name in _MERGED:
        _take(local, name, merged.get(name))
    if not is_root:
        for name in _OF_UPSTREAM:
            if updated.get(name) is not None:
                _take(local, name, updated.get(name))
    written = as_struct(local)
    if written.get("metadata") is None:
        raise UnreadableKptfile("missing Resource metadata", source=path)
    mode = sides.local.mode if sides.local is not None else FileMode.REGULAR
    return File.of(emit_document(written, wide=True).encode(), mode)


def _read(file: File | None, path: str, *, limits: YamlLimits) -> Node:
    """The structure of a Kptfile, which must be as its schema says; empty when absent."""
    if file is None:
        return Node(Kind.MAPPING)
    text = text_of(bytes_of(file, path), path)
    parse_kptfile(text, source=path, limits=limits)
    return as_struct(parse(text, source=path, limits=limits)[0].root)


def _merge(roots: Iterable[Node]) -> Node:
    sources = Sources(*roots)
    is_named = _name_functions(sources)
    merged = Walker(infers=True).walk(sources) or Node(Kind.MAPPING)
    if is_named:
        for function in _functions(merged):
            if function.text("name").startswith(_TEMPORARY):
                function.remove("name")
    return merged


def _name_functions(sources: Sources) -> bool:
    """Give every function a name for the merge; False when some have one or run twice."""
    pipelines = [
        root.at("pipeline", name) for root in sources if root is not None for name in _LISTS
    ]
    lists = [found.content for found in pipelines if found is not None]
    for functions in lists:
        keys = {_key(function) for function in functions}
        if len(keys) < len(functions) or any(function.text("name") for function in functions):
            return False
    for functions in lists:
        for function in functions:
            function.set("name", Node.scalar(_TEMPORARY + _key(function)))
    return True


def _key(function: Node) -> str:
    return function.text("exec") or function.text("image").partition(":")[0]


def _functions(root: Node) -> list[Node]:
    lists = [root.at("pipeline", name) for name in _LISTS]
    return [function for found in lists if found is not None for function in found.content]


def _take(mapping: Node, name: str, value: Node | None) -> None:
    """Make a field what `value` is; None removes it."""
    mapping.remove(name)
    if value is not None:
        mapping.content += (Node.string(name), value)


def has_upstream(file: File, path: str, limits: YamlLimits) -> bool:
    """Whether a package says where it comes from."""
    kptfile = parse_kptfile(text_of(bytes_of(file, path), path), source=path, limits=limits)
    return kptfile.upstream is not None


def comparable(file: File, path: str, *, is_root: bool, limits: YamlLimits) -> str:
    """What counts of a Kptfile when packages are compared."""
    root = _read(file, path, limits=limits)
    for name in _OF_UPSTREAM:
        root.remove(name)
    if is_root:
        root.child("metadata").remove("name")
    return emit_document(root)
