"""Whether two values say the same, however they are written.

Pure. Order of fields, quotes, layout and the spelling of null never count; types do: `"1"` is not
`1`. `same_text` counts comments, too: they are what people wrote.
"""

from collections.abc import Callable, Hashable

from porch.kpt.yaml.node import Kind, Node


def same_data(one: Node | None, other: Node | None) -> bool:
    """Whether both are the same data, or both absent."""
    return _same(one, other, _nothing)


def same_text(one: Node | None, other: Node | None) -> bool:
    """Whether both are the same data under the same comments."""
    return _same(one, other, comments_of)


def comments_of(node: Node) -> tuple[str, str, str]:
    """Head, line and foot comment."""
    return (node.head_comment, node.line_comment, node.foot_comment)


def _same(one: Node | None, other: Node | None, notes: Callable[[Node], Hashable]) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or _meaning(one, notes) == _meaning(other, notes)


def _nothing(_: Node) -> Hashable:
    return None


def _meaning(node: Node, notes: Callable[[Node], Hashable]) -> Hashable:
    match node.kind:
        case Kind.SCALAR if node.is_null:
            return (None, notes(node))
        case Kind.SCALAR:
            return (node.value, node.tag or node.is_string, notes(node))
        case Kind.MAPPING:
            fields = frozenset(
                (_meaning(key, notes), _meaning(value, notes)) for key, value in node.items()
            )
            return (fields, notes(node))
        case Kind.SEQUENCE:
            return (tuple(_meaning(element, notes) for element in node.content), notes(node))
        case Kind.ALIAS:
            return (Kind.ALIAS, node.value, notes(node))
