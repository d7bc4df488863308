"""What a function that went through text lost, brought back from the items it was given.

Pure; the target is edited. A comment is copied only where the target has none. Fields known to the
source take its order, new ones follow in the order of the target.
Errors    ChangedKind when a node became one of another kind.
Source    the comment copier and order sync of kyaml.
"""

from typing import ClassVar

from porch.errors import Permanent
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import DOUBLE, FOLDED, Kind, Node


class ChangedKind(Permanent):
    """A function turned a mapping, list or scalar into one of the others."""

    reason: ClassVar[str] = "ChangedKind"

    def __init__(self, *, before: Node, after: Node) -> None:
        super().__init__(
            f"wrong node kind: expected {before.kind.value} but got {after.kind.value}:"
            f" node contents:\n{emit_document(after)}"
        )
        self.before, self.after = before, after


def restore(source: Node, target: Node, *, as_kpt: bool) -> None:
    """Give `target` the comments and the field order of `source`.

    As kpt: folded scalars become double-quoted, the comment above a document loses the blank line
    below it, and the comment at its end is gone.
    """
    _copy_comments(source, target, as_kpt=as_kpt)
    _lift_element_heads(target)
    _sync_order(source, target)
    if as_kpt:
        _glue_document_comment(target)


def _copy_comments(source: Node, target: Node, *, as_kpt: bool) -> None:
    if source.is_null or target.is_null:
        _copy_null_comments(source, target)
        return
    kinds = (source.kind, target.kind)
    if source.kind is not target.kind and Kind.ALIAS not in kinds:
        raise ChangedKind(before=source, after=target)
    if as_kpt and target.style == FOLDED:
        target.style = DOUBLE
    _fill_comments(source, target)
    if source.kind is Kind.MAPPING:
        for key, value in source.items():
            position = target.index(key.value)
            if position is not None:
                _fill_comments(key, target.content[position])
                _copy_comments(value, target.content[position + 1], as_kpt=as_kpt)
    elif source.kind is Kind.SEQUENCE:
        for before, after in zip(source.content, target.content, strict=False):
            if before.value == after.value:
                _copy_comments(before, after, as_kpt=as_kpt)


def _copy_null_comments(source: Node, target: Node) -> None:
    """An empty value keeps its comment as long as it stays empty."""
    if source.is_null and target.is_null:
        _fill_comments(source, target)


def _fill_comments(source: Node, target: Node) -> None:
    target.head_comment = target.head_comment or source.head_comment
    target.line_comment = target.line_comment or source.line_comment
    target.foot_comment = target.foot_comment or source.foot_comment


def _lift_element_heads(target: Node) -> None:
    """A comment above the first key of a list's element belongs above the element."""
    for node in target.nodes():
        if node.kind is Kind.SEQUENCE:
            for element in node.content:
                if element.kind is Kind.MAPPING and element.content and not element.head_comment:
                    first = element.content[0]
                    element.head_comment, first.head_comment = first.head_comment, ""


def _sync_order(source: Node, target: Node) -> None:
    if source.kind is Kind.MAPPING and target.kind is Kind.MAPPING:
        fields = {key.value: (key, value) for key, value in target.items()}
        content: list[Node] = []
        for key, value in source.items():
            found = fields.pop(key.value, None)
            if found is not None:
                content += found
                _sync_order(value, found[1])
        for found in fields.values():
            content += found
        target.content = content
    elif source.kind is Kind.SEQUENCE and target.kind is Kind.SEQUENCE:
        for before, after in zip(source.content, target.content, strict=False):
            _sync_order(before, after)


def _glue_document_comment(root: Node) -> None:
    root.foot_comment = ""
    if root.head_comment and root.content:
        first = root.content[0]
        above = root.head_comment.rstrip("\n")
        first.head_comment = f"{above}\n\n{first.head_comment}" if first.head_comment else above
        root.head_comment = ""
