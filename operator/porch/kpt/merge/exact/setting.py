"""How kpt sets a field, and what it takes for nothing.

Trees are edited. A null removes a field. A value that replaces another one keeps the old style, so
that a quoted 12 stays a string; a plain string that a YAML 1.1 reader would misread gets quotes,
but only where the field is new or untouched.
Source    kyaml's field setter and the emitter of go-yaml v3.
"""

from porch.kpt.yaml import scalars
from porch.kpt.yaml.node import DOUBLE, PLAIN, Kind, Node


def is_nothing(node: Node | None) -> bool:
    """Whether a value is absent or null."""
    return node is None or node.is_null


def is_null(node: Node | None) -> bool:
    """Whether a value is there, and null."""
    return node is not None and node.is_null


def set_value(mapping: Node, name: str, value: Node | None, key: Node | None = None) -> None:
    """Set a field; a new one gets `key` as its key node."""
    if value is not None:
        guard(value)
    if value is None or value.is_null:
        mapping.remove(name)
        return
    current = mapping.get(name)
    if current is None:
        mapping.content += (key or Node(Kind.SCALAR, name), value)
    elif current is not value:
        _replace(current, value)


def guard(value: Node) -> None:
    """Quote a plain string that a YAML 1.1 reader takes for something else."""
    if not value.style and value.is_string and scalars.is_ambiguous(value.value):
        value.style = DOUBLE


def take_comments(node: Node, source: Node) -> None:
    """Make the comments of a node those of another one."""
    node.head_comment, node.line_comment = source.head_comment, source.line_comment
    node.foot_comment = source.foot_comment


def _replace(current: Node, value: Node) -> None:
    """Make a node say what `value` says, comments included, in the style it had."""
    was_string = value.is_string
    keeps_style = (current.kind is Kind.SCALAR) is (value.kind is Kind.SCALAR)
    current.kind, current.value, current.tag = value.kind, value.value, value.tag
    current.anchor, current.content, current.line = value.anchor, value.content, value.line
    take_comments(current, value)
    if not keeps_style:
        current.style = PLAIN
    if was_string and not current.style and not current.is_string:
        current.style = DOUBLE
