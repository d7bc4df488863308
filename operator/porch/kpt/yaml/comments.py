"""Which node a comment belongs to.

Pure. `Spots` notes, while events come in, where keys, elements and scalars stood; `attach` then
gives each comment of the text to a node.
Rules     (go-yaml v3) A comment after `key:` with a block value below is the key's line comment,
          after a scalar or flow collection the value's. Comment lines between two lines of
          content: right below a key or dash that opens a block → head of the block's first node.
          Else glued to the line above and followed by a blank line → foot of the innermost node
          that ends there and is not deeper than the comment; then, where what is above is deeper
          than the node below: lines that are deeper than that, too → foot as well; all others →
          head of the node below. A foot at the column of a key belongs to the key, and not to
          the last element of the key's sequence. Before the first node: head. After the last:
          a glued group is foot, the others (and what follows at column 0) the document's.
          Lines and columns count from 0 here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from porch.kpt.yaml.node import FLOW, Node


class _Start(NamedTuple):
    """Where a key or an element of a block collection begins."""

    line: int
    column: int
    node: Node
    parent: Node

    def opens(self, below: "_Start") -> bool:
        """Whether `below`, the next start, is the first one inside of this one's block."""
        if below.column == self.column:  # a sequence at the column of its key
            return self.parent.is_mapping and below.parent.is_sequence
        return below.column > self.column


class _Comment(NamedTuple):
    """A line that holds nothing but a comment."""

    line: int
    column: int
    text: str


_Group: TypeAlias = list[_Comment]  # lines with nothing between them
_Groups: TypeAlias = list[_Group]


@dataclass(slots=True)
class Spots:
    """Where the parts of one document stood in its text."""

    marked: set[int]  # lines with a `#`: what is on the others matters less
    starts: list[_Start] = field(default_factory=list)
    covered: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    opaque: set[int] = field(default_factory=set)  # lines inside of scalars
    last_on_line: dict[int, tuple[int, Node]] = field(default_factory=dict)
    dashes: set[int] = field(default_factory=set)  # lines of a dash with nothing but a comment
    _columns: dict[int, int] = field(default_factory=dict)  # id of a sequence -> its dashes

    @classmethod
    def of(cls, text: str) -> "Spots":
        return cls({number for number, line in enumerate(text.split("\n")) if "#" in line})

    def key(self, node: Node, line: int, column: int, parent: Node) -> None:
        self.starts.append(_Start(line, column, node, parent))

    def element(self, node: Node, line: int, parent: Node) -> None:
        self.starts.append(_Start(line, self._columns[id(parent)], node, parent))

    def start(self, node: Node, mark: Any) -> None:
        self._columns[id(node)] = mark.column
        if node.style == FLOW:
            self.last_on_line[mark.line] = (mark.column, node)

    def end(self, node: Node, mark: Any) -> None:
        self.last_on_line[mark.line] = (mark.column, node)

    def inline(self, node: Node, start: Any, end: Any) -> None:
        first, last = start.line, end.line
        if first == last:
            if first not in self.marked:
                return
            self.covered.setdefault(first, []).append((start.column, end.column))
        else:
            self.covered.setdefault(first, []).append((start.column, 1 << 30))
            self.opaque.update(range(first + 1, last))
            if end.column:
                self.covered.setdefault(last, []).append((0, end.column))
        self.last_on_line[last] = (end.column, node)

    def block_scalar(self, node: Node, start: Any, end: Any) -> None:
        self.covered.setdefault(start.line, []).append((start.column, start.column + 1))
        self.opaque.update(range(start.line + 1, end.line + (1 if end.column else 0)))
        self.last_on_line[start.line] = (start.column + 1, node)


def attach(root: Node, spots: Spots, lines: list[str]) -> None:
    """Give every comment of the document to a node below `root`, or to `root` itself."""
    whole = _read_comments(spots, lines)
    if not whole:
        return
    gaps = _gaps(whole, lines)
    if not spots.starts:
        _attach_around(root, gaps)
        return
    _Attacher(root, spots).attach(gaps)


# -- reading


def _read_comments(spots: Spots, lines: list[str]) -> dict[int, _Comment]:
    """The comments on lines of their own; those behind content are attached at once."""
    whole: dict[int, _Comment] = {}
    for number in sorted(spots.marked - spots.opaque):
        line = lines[number]
        column = _comment_column(line, spots.covered.get(number, ()))
        if column < 0:
            continue
        text, before = line[column:].rstrip(), line[:column].rstrip()
        if before:
            _attach_behind(spots, number, before, text)
        else:
            whole[number] = _Comment(number, column, text)
    return whole


def _comment_column(line: str, covered: Iterable[tuple[int, int]]) -> int:
    column = line.find("#")
    while column >= 0:
        after_blank = column == 0 or line[column - 1] in " \t"
        if after_blank and not any(start <= column < end for start, end in covered):
            return column
        column = line.find("#", column + 1)
    return -1


def _attach_behind(spots: Spots, number: int, before: str, text: str) -> None:
    end, node = spots.last_on_line.get(number, (-1, None))
    is_alone = node is None and not before.startswith(("---", "%"))
    is_dash = before == "-" or before.endswith((" -", "\t-"))
    if is_alone or (is_dash and end < len(before)):
        if is_dash:
            spots.dashes.add(number)
        below = bisect_right(spots.starts, number, key=_line_of)
        if below < len(spots.starts):
            target = _first_inside(spots.starts[below].node)
            target.head_comment = _join(target.head_comment, text, glue="\n")
    elif node is not None:
        node.line_comment = text


def _first_inside(element: Node) -> Node:
    if element.content and element.style != FLOW:
        return element.content[0]
    return element


# -- gaps between lines of content


class _Gap(NamedTuple):
    """Lines `first` to `end` (exclusive) without content, and the groups of comments in it."""

    first: int
    end: int
    groups: _Groups

    @property
    def touches_above(self) -> bool:
        return self.first > 0 and self.groups[0][0].line == self.first

    @property
    def touches_below(self) -> bool:
        return self.groups[-1][-1].line == self.end - 1


def _gaps(whole: dict[int, _Comment], lines: list[str]) -> list[_Gap]:
    def is_content(number: int) -> bool:
        return number not in whole and lines[number].strip() != ""

    gaps: list[_Gap] = []
    for number in whole:
        if gaps and number < gaps[-1].end:
            continue
        first, end = number, number + 1
        while first > 0 and not is_content(first - 1):
            first -= 1
        while end < len(lines) and not is_content(end):
            end += 1
        gaps.append(_Gap(first, end, _groups(whole, first, end)))
    return gaps


def _groups(whole: dict[int, _Comment], first: int, end: int) -> _Groups:
    groups: _Groups = []
    for number in range(first, end):
        if number in whole:
            if number - 1 in whole and groups:
                groups[-1].append(whole[number])
            else:
                groups.append([whole[number]])
    return groups


# -- attaching


class _Attacher:
    """Gives the comments in gaps to the nodes around them."""

    def __init__(self, root: Node, spots: Spots) -> None:
        self.root = root
        self.starts = spots.starts
        self.dashes = spots.dashes

    def attach(self, gaps: list[_Gap]) -> None:
        for gap in gaps:
            below = bisect_left(self.starts, gap.end, key=_line_of)
            if below == len(self.starts):
                self._at_end(gap)
            elif below == 0:
                self._at_start(gap, self.starts[0].node)
            else:
                self._between(gap, below)

    def _at_start(self, gap: _Gap, first: Node) -> None:
        groups = gap.groups
        if gap.touches_below:
            _add_head(first, groups[-1:])
            groups = groups[:-1]
        if groups:
            self.root.head_comment = _text(groups) + "\n"

    def _at_end(self, gap: _Gap) -> None:
        groups, blank = gap.groups, True
        if gap.touches_above:
            foot, rest = _split_by_depth(groups[0], 0)
            blank = not foot
            self._add_foot(len(self.starts), [foot or rest])
            groups = [rest, *groups[1:]] if foot and rest else groups[1:]
        if groups:
            text = ("\n" if blank else "") + _text(groups)
            self.root.foot_comment = _join(self.root.foot_comment, text, glue="\n")

    def _between(self, gap: _Gap, position: int) -> None:
        """A gap above the start at `position`, and below one."""
        below = self.starts[position]
        if gap.first - 1 in self.dashes and gap.touches_above:
            first = _first_inside(below.node)  # goes on with the comment of its dash
            first.head_comment = _join(first.head_comment, _text(gap.groups), glue="\n")
            return
        feet, groups = self._parted(gap, position)
        if feet:
            self._add_foot(position, feet)
        if groups:
            _add_head(below.node, groups)

    def _parted(self, gap: _Gap, position: int) -> tuple[_Groups, _Groups]:
        """What is foot of a node above, and what is head of the start at `position`."""
        below, feet, groups = self.starts[position], list[_Group](), gap.groups
        if self.starts[position - 1].opens(below):
            return feet, groups
        if gap.touches_above and not (gap.touches_below and len(groups) == 1):
            feet, groups = groups[:1], groups[1:]
        owner = self._innermost(position, (feet or groups)[0][0].column)
        if self.starts[owner].column > below.column:
            deeper, groups = _split_groups(groups, below.column)
            feet = feet + deeper
        return feet, groups

    def _add_foot(self, position: int, groups: _Groups) -> None:
        owner = self._innermost(position, groups[0][0].column)
        node = self.starts[self._around(owner, position)].node
        node.foot_comment = _join(node.foot_comment, _text(groups), glue="\n\n")

    def _innermost(self, position: int, column: int) -> int:
        """The innermost node that ends above `position` and is not deeper than `column`."""
        column = max(column, self.starts[0].column)
        if position < len(self.starts):
            column = max(column, self.starts[position].column)
        owner = position - 1
        while self.starts[owner].column > column:
            owner -= 1
        return owner

    def _around(self, owner: int, position: int) -> int:
        """The key of a sequence at its own column, when `owner` is its last element; else that."""
        element = self.starts[owner]
        if position == len(self.starts) or not element.parent.is_sequence:
            return owner
        if self.starts[position].parent is element.parent:
            return owner
        for number in range(owner - 1, -1, -1):
            start = self.starts[number]
            if start.column <= element.column and start.parent is not element.parent:
                return number if start.column == element.column else owner
        return owner


def _attach_around(root: Node, gaps: list[_Gap]) -> None:
    """Comments of a document whose root is a scalar or a flow collection."""
    for gap in gaps:
        if gap.first == 0:
            root.head_comment = _text(gap.groups) + ("" if gap.touches_below else "\n")
        else:
            text = ("" if gap.touches_above else "\n") + _text(gap.groups)
            root.foot_comment = _join(root.foot_comment, text, glue="\n")


def _split_groups(groups: _Groups, column: int) -> tuple[_Groups, _Groups]:
    """The lines that come first and are deeper than `column`, and the others."""
    for number, group in enumerate(groups):
        deeper, rest = _split_by_depth(group, column)
        if rest:
            first = [*groups[:number], deeper] if deeper else groups[:number]
            return first, [rest, *groups[number + 1 :]]
    return groups, []


def _split_by_depth(group: _Group, column: int) -> tuple[_Group, _Group]:
    for number, comment in enumerate(group):
        if comment.column <= column:
            return group[:number], group[number:]
    return group, []


def _add_head(node: Node, groups: _Groups) -> None:
    first = _first_inside(node)
    if first.head_comment:
        node = first  # its dash has a comment already: stay below it
    node.head_comment = _join(node.head_comment, _text(groups), glue="\n")


def _text(groups: _Groups) -> str:
    return "\n\n".join("\n".join(comment.text for comment in group) for group in groups)


def _join(above: str, below: str, *, glue: str) -> str:
    return above + glue + below if above else below


def _line_of(start: _Start) -> int:
    return start.line
