"""kpt's three-way merge of one document.

Local's tree is edited and returned; it takes nodes of the others. Upstream wins wherever it changed
a leaf or removed one; a mapping that it removed leaves an empty one, and one that local removed
comes back with what upstream changed in it. Nulls are dropped.
Errors    Unmergeable where a value is of another kind on another side.
Source    the walker of kyaml 0.15 with its three-way visitor.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from porch.kpt.merge.exact.lists import has_names, merge_elements
from porch.kpt.merge.exact.setting import (
    guard,
    is_nothing,
    is_null,
    set_value,
    take_comments,
)
from porch.kpt.merge.exact.sources import Sources, Unmergeable
from porch.kpt.merge.kubernetes import builtin_shape
from porch.kpt.merge.sameness import comments_of
from porch.kpt.merge.shapes import Shape
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Kind, Node

_Pair: TypeAlias = tuple[Node, Node] | None  # key and value of a field


@dataclass(frozen=True, slots=True)
class Walker:
    """One merge; with `infers`, lists whose elements all have a `name` merge by it."""

    infers: bool = False

    def walk(
        self, sources: Sources, shape: Shape | None = None, path: tuple[str, ...] = ()
    ) -> Node | None:
        """What becomes of one position; None when the field is to be removed."""
        kind = _kind(sources)
        if shape is None and kind is Kind.MAPPING:
            shape = type_shape(sources)
        match kind:
            case Kind.MAPPING | None:
                return self._mapping(sources, shape, path)
            case Kind.SEQUENCE if self._has_keys(sources, shape):
                return merge_elements(sources, shape, walk=self.walk, field=".".join(path))
            case Kind.SEQUENCE:
                return _leaf(sources, _atomic)
            case Kind.SCALAR:
                return _leaf(sources, _scalar)
            case Kind.ALIAS:
                return None

    def _has_keys(self, sources: Sources, shape: Shape | None) -> bool:
        if shape is not None and shape.keys is not None:
            return True
        return self.infers and has_names(sources)

    def _mapping(self, sources: Sources, shape: Shape | None, path: tuple[str, ...]) -> Node | None:
        dest, origin, updated = sources
        if is_null(updated) or is_null(dest) or (dest is None and updated is None):
            return None
        dest = dest or Node(Kind.MAPPING)
        fields = [_fields(node) for node in (dest, origin, updated)]
        for name in sorted({*fields[0], *fields[1], *fields[2]}):
            pairs = [each.get(name) for each in fields]
            values = Sources(*(pair and pair[1] for pair in pairs))
            below = shape.of(name) if shape is not None else None
            _set(dest, name, self.walk(values, below, (*path, name)), pairs)
        return dest


def type_shape(sources: Sources) -> Shape | None:
    """The shape of the first source that says of itself which built-in type it is."""
    for node in sources.present:
        shape = builtin_shape(node.text("apiVersion"), node.text("kind"))
        if shape is not None:
            return shape
    return None


def _kind(sources: Sources) -> Kind | None:
    """The kind of the first value that is there; all must be of it."""
    present = sources.present
    if not present:
        return None
    kind = present[0].kind
    for node in present:
        if node.kind is not kind and kind is not Kind.ALIAS:
            words = f"wrong node kind: expected {kind.value} but got {node.kind.value}"
            raise Unmergeable(
                f"line {node.line}: a value must be of one kind on all sides, found"
                f" {kind.name.lower()} and {node.kind.name.lower()}",
                in_kpt=f"{words}: node contents:\n{emit_document(node)}",
            )
    return kind


def _fields(node: Node | None) -> dict[str, tuple[Node, Node]]:
    if node is None or node.kind is not Kind.MAPPING:
        return {}
    return {key.value: (key, value) for key, value in reversed(list(node.items()))}


# -- leaves


_Choice: TypeAlias = Callable[[Node | None, Node, Node], Node | None]


def _leaf(sources: Sources, choose: _Choice) -> Node | None:
    """A value without parts: removed, upstream's, local's, or as `choose` says."""
    dest, origin, updated = sources
    if is_null(updated) or is_null(dest):
        return None
    if is_nothing(updated) is not is_nothing(origin):
        return updated
    if updated is None or origin is None:
        return dest
    return choose(dest, origin, updated)


def _scalar(dest: Node | None, origin: Node, updated: Node) -> Node | None:
    is_untouched = dest is None or _written(dest) == _written(origin)
    if is_untouched and _written(origin) != _written(updated):
        return updated
    return updated if updated.value != origin.value else dest


def _written(node: Node) -> tuple[str, tuple[str, str, str]]:
    return node.value, comments_of(node)


def _atomic(dest: Node | None, origin: Node, updated: Node) -> Node | None:
    return updated if _in_one_line(updated) != _in_one_line(origin) else dest


def _in_one_line(node: Node) -> Hashable:
    """What is compared of a list: quotes and comments, but not whether it is in flow style."""
    if node.kind is Kind.SCALAR:
        return node.style, node.value, comments_of(node)
    return node.kind, node.value, node.line_comment, tuple(map(_in_one_line, node.content))


# -- setting


def _set(dest: Node, name: str, value: Node | None, pairs: Sequence[_Pair]) -> None:
    """Set a field of local's mapping, with the comments that its key is to have."""
    key = _merged_key([pair and pair[0] for pair in pairs])
    current = pairs[0]
    if key is not None and current is not None:
        take_comments(current[0], key)
    if current is not None and value is current[1] and not value.is_null:
        guard(value)
        return
    new = Node(Kind.SCALAR, name)
    if key is not None:
        take_comments(new, key)
    for pair in pairs:
        if pair is not None and pair[1] is value:
            new.style = pair[0].style
    set_value(dest, name, value, new)


def _merged_key(keys: Sequence[Node | None]) -> Node | None:
    """The key node whose comments count; None when upstream has removed the field."""
    dest, origin, updated = keys
    if updated is None or origin is None:
        return dest if updated is origin else updated
    is_untouched = dest is None or comments_of(dest) == comments_of(origin)
    if is_untouched and comments_of(origin) != comments_of(updated):
        return updated
    return dest
