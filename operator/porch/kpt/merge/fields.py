"""The three-way merge of one document, field by field.

Pure: the trees given are never changed; the result shares nodes with them, so whoever edits it must
clone it first. A conflict is told and decided for updated, except that an element with a key stays
(or stays away) as local has it: half an element helps nobody.
Rules     equal on two sides → the third; mappings by field; lists whose shape has keys by element;
          anything else as a whole. A field that only local has is never lost, also when what it is
          in was removed upstream. Comments follow the same rules, and local's win.
Cost      O(size · depth): each level compares what is below it.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from porch.kpt.merge.conflicts import Taken
from porch.kpt.merge.ordering import kept_order, merged_order
from porch.kpt.merge.sameness import comments_of, same_data, same_text
from porch.kpt.merge.shapes import Keys, Shape
from porch.kpt.merge.sides import Three
from porch.kpt.yaml.emit import flow_text
from porch.kpt.yaml.node import Kind, Node

_PLAIN_NAME: Final = re.compile(r"[\w-]+\Z")


class FieldConflict(NamedTuple):
    """A field of one document that both sides changed differently."""

    field: str  # "spec.ports[port=80].name"; "" for the document itself
    base: str | None
    ours: str | None
    theirs: str | None
    taken: Taken


Tell: TypeAlias = Callable[[FieldConflict], None]
Values: TypeAlias = Three[Node | None]
_Parts: TypeAlias = Three[dict[str, Node]]


def merge_fields(sides: Values, shape: Shape | None, *, tell: Tell, field: str = "") -> Node | None:
    """What becomes of one value; None when it is to be absent."""
    original, updated, local = sides
    if original == updated:
        return local
    if original == local:
        return updated
    if updated == local:
        return local
    if _may_descend(sides, Kind.MAPPING):
        return _merge_mapping(sides, shape, tell=tell, field=field)
    if shape is not None and shape.keys is not None and _may_descend(sides, Kind.SEQUENCE):
        elements = _labelled(sides, shape.keys)
        if elements is not None:
            return _merge_list(sides, elements, shape, tell=tell, field=field)
    return _merge_whole(sides, tell=tell, field=field)


def _may_descend(sides: Values, kind: Kind) -> bool:
    """Whether local and updated can be merged part by part; what was removed has no parts."""
    original, updated, local = sides
    if local is None or local.kind is not kind:
        return False
    if updated is None:
        return original is not None and original.kind is kind
    return updated.kind is kind and all(map(_has_plain_keys, filter(None, sides)))


def _has_plain_keys(node: Node) -> bool:
    return node.kind is not Kind.MAPPING or all(
        key.kind is Kind.SCALAR for key in node.content[::2]
    )


def _merge_mapping(sides: Values, shape: Shape | None, *, tell: Tell, field: str) -> Node | None:
    keys = sides.map(_keys)
    values = sides.map(_values)
    content: list[Node] = []
    for name in kept_order(list(keys.local), list(keys.updated)):
        value = merge_fields(
            _part(values, name),
            shape.of(name) if shape else None,
            tell=tell,
            field=below(field, name),
        )
        if value is not None:
            content += (_key(_part(keys, name)), value)
    return _collection(sides, content)


def _keys(node: Node | None) -> dict[str, Node]:
    return {key.value: key for key, _ in node.items()} if node is not None else {}


def _values(node: Node | None) -> dict[str, Node]:
    return {key.value: value for key, value in node.items()} if node is not None else {}


def _part(parts: _Parts, name: str) -> Values:
    original, updated, local = parts
    return Three(original.get(name), updated.get(name), local.get(name))


def _key(sides: Values) -> Node:
    """The node of a key that stays: local's, with comments merged."""
    node = sides.local or sides.updated
    assert node is not None  # noqa: S101 - a value is nowhere but on a side
    return _commented(node, sides)


# -- lists


def _labelled(sides: Values, keys: Keys) -> _Parts | None:
    """The elements of each side by their labels; None when some cannot be told apart."""
    original, updated, local = (_elements(side, keys) for side in sides)
    if original is None or updated is None or local is None:
        return None
    return Three(original, updated, local)


def _elements(node: Node | None, keys: Keys) -> dict[str, Node] | None:
    if node is None or node.kind is not Kind.SEQUENCE:
        return {}
    labels = keys.labels(node.content)
    return None if labels is None else dict(zip(labels, node.content, strict=True))


def _merge_list(
    sides: Values, elements: _Parts, shape: Shape, *, tell: Tell, field: str
) -> Node | None:
    content: list[Node] = []
    for label in merged_order(elements.map(list)):
        element = _merge_element(
            _part(elements, label), shape.each, tell=tell, field=f"{field}[{label}]"
        )
        if element is not None:
            content.append(element)
    return _collection(sides, content)


def _merge_element(sides: Values, shape: Shape | None, *, tell: Tell, field: str) -> Node | None:
    original, updated, local = sides
    if original is None or (updated is not None and local is not None):
        return merge_fields(sides, shape, tell=tell, field=field)
    if local is None:
        if updated is not None and not same_data(original, updated):
            tell(_conflict(field, sides, Taken.LOCAL))
        return None
    if same_text(original, local):
        return None
    tell(_conflict(field, sides, Taken.LOCAL))
    return local


# -- what is taken as a whole


def _merge_whole(sides: Values, *, tell: Tell, field: str) -> Node | None:
    original, updated, local = sides
    if same_data(updated, local) or same_data(original, updated):
        chosen = local
    else:
        chosen = updated
        if not same_data(original, local):
            tell(_conflict(field, sides, Taken.UPDATED))
    return chosen if chosen is None else _commented(chosen, sides)


def _conflict(field: str, sides: Values, taken: Taken) -> FieldConflict:
    base, theirs, ours = (shown(side) for side in sides)
    return FieldConflict(field, base, ours, theirs, taken)


def shown(node: Node | None) -> str | None:
    """A value on one line: what a conflict tells of it."""
    if node is None:
        return None
    return node.value if node.kind is Kind.SCALAR else flow_text(_without_comments(node))


def _without_comments(node: Node) -> Node:
    content = [_without_comments(child) for child in node.content]
    return Node(node.kind, node.value, style=node.style, tag=node.tag, content=content)


def below(field: str, name: str) -> str:
    """The path of a field of what is at `field`."""
    if _PLAIN_NAME.match(name):
        return f"{field}.{name}" if field else name
    return f'{field}["{name}"]'


# -- results


def _collection(sides: Values, content: list[Node]) -> Node | None:
    """Local's collection with this content; None when nothing is left of what upstream removed."""
    local, updated = sides.local, sides.updated
    assert local is not None  # noqa: S101 - `_may_descend` has seen it
    if updated is None and not content:
        return None
    merged = _shallow(local, content)
    if updated is not None and not local.content:
        merged.style = updated.style
    return _commented(merged, sides)


def _commented(node: Node, sides: Values) -> Node:
    """`node` with the comments of all sides; a copy when they are not its own."""
    original, updated, local = sides
    if updated is None or local is None:
        return node
    base = ("", "", "") if original is None else comments_of(original)
    comments = tuple(
        theirs if ours == before else ours
        for before, theirs, ours in zip(base, comments_of(updated), comments_of(local), strict=True)
    )
    if comments == comments_of(node):
        return node
    copy = _shallow(node, node.content)
    copy.head_comment, copy.line_comment, copy.foot_comment = comments
    return copy


def _shallow(node: Node, content: list[Node]) -> Node:
    copy = Node(node.kind, node.value, style=node.style, tag=node.tag, content=content)
    copy.anchor, copy.line = node.anchor, node.line
    copy.head_comment, copy.line_comment, copy.foot_comment = comments_of(node)
    return copy
