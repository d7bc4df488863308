"""YAML text to trees of nodes that keep comments, styles and order.

Pure. Documents without content (empty, comments only) are dropped and take no index.
Errors    BadYaml with source, line and column; nothing else escapes, whatever the text.
Cost      about one microsecond a byte of typical manifests; see bench/bench_kpt.py.
Source    libyaml's events through PyYAML; comments follow the placement of go-yaml v3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from yaml import events
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

from porch.kpt.yaml import comments
from porch.kpt.yaml.documents import Chunk, has_wide_sequences, split
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits
from porch.kpt.yaml.node import FLOW, FOLDED, LITERAL, PLAIN, Kind, Node

_END_OF_STREAM: Final = events.StreamEndEvent


@dataclass(slots=True)
class Document:
    """One document: its tree, how its sequences are indented, and the line where it begins."""

    root: Node
    wide: bool = False
    first_line: int = 1


def parse(text: str, *, source: str = "", limits: YamlLimits = DEFAULT_LIMITS) -> list[Document]:
    """The documents of `text` that have content; `source` is the file that errors name."""
    documents: list[Document] = []
    for chunk in split(text, source=source):
        try:
            root = _parse_chunk(chunk, limits)
        except BadYaml as error:
            raise error.located(source, first_line=chunk.first_line) from error.__cause__
        if root is not None:
            wide = has_wide_sequences(chunk.text)
            documents.append(Document(root, wide, chunk.first_line))
    return documents


def _parse_chunk(chunk: Chunk, limits: YamlLimits) -> Node | None:
    if len(chunk.text) > limits.max_document_chars:
        raise BadYaml(
            f"a document must not be larger than {limits.max_document_chars} characters,"
            f" found {len(chunk.text)}: split it",
            line=1,
        )
    builder = _Builder(chunk, limits)
    try:
        root = builder.build()
    except MarkedYAMLError as error:
        raise _from_marked(error) from error
    except ReaderError as error:
        raise _from_reader(error, chunk.text) from error
    except UnicodeEncodeError as error:
        problem = f"a character must be Unicode text: {error.reason}"
        raise _at_offset(problem, chunk.text, error.start) from error
    if root is None or (root.kind is Kind.SCALAR and not root.value):
        return None
    if builder.spots is not None:
        comments.attach(root, builder.spots, chunk.text.split("\n"))
    return root


class _Builder:
    """Turns the events of one document into nodes and notes where each one stood.

    Events are Any: their stubs make every mark and anchor optional.
    """

    def __init__(self, chunk: Chunk, limits: YamlLimits) -> None:
        self.limits = limits
        self.root: Node | None = None
        self.spots: comments.Spots | None = None
        if "#" in chunk.text:
            self.spots = comments.Spots.of(chunk.text)
        self._text = chunk.text
        self._line = chunk.first_line
        self._open: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        self._handlers: dict[type[events.Event], Callable[[Any], None]] = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._mapping,
            events.MappingEndEvent: self._end,
            events.SequenceStartEvent: self._sequence,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document,
            events.DocumentEndEvent: _ignore,
            events.StreamStartEvent: _ignore,
        }

    def build(self) -> Node | None:
        parser = CParser(self._text)
        try:
            handlers = self._handlers
            get_event: Callable[[], Any] = parser.get_event  # Any: the stubs lack its marks
            while type(event := get_event()) is not _END_OF_STREAM:
                handlers[type(event)](event)
        finally:
            parser.dispose()
        return self.root

    def _document(self, _: events.DocumentStartEvent) -> None:
        self._documents += 1
        self._open.clear()

    def _add(self, node: Node, event: Any) -> None:
        mark = event.start_mark
        node.line = self._line + mark.line
        if event.anchor is not None and node.kind is not Kind.ALIAS:
            node.anchor = event.anchor
            self._anchors[event.anchor] = node
        if self._open:
            parent = self._open[-1]
            parent.content.append(node)
            if self.spots is not None and parent.style != FLOW:
                if parent.kind is Kind.SEQUENCE:
                    self.spots.element(node, mark.line, parent)
                elif len(parent.content) % 2:
                    self.spots.key(node, mark.line, mark.column, parent)
        elif self._documents > 1:
            if node.kind is not Kind.SCALAR or node.value:
                raise _at(mark, "a document must begin with `---` on a line of its own")
        else:
            self.root = node

    def _scalar(self, event: Any) -> None:
        node = Node(Kind.SCALAR, event.value, style=event.style or PLAIN, tag=event.tag)
        self._add(node, event)
        if self.spots is not None:
            if node.style in (LITERAL, FOLDED):
                self.spots.block_scalar(node, event.start_mark, event.end_mark)
            else:
                self.spots.inline(node, event.start_mark, event.end_mark)

    def _alias(self, event: Any) -> None:
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _at(event.start_mark, f"unknown anchor {event.anchor!r} referenced")
        if any(target is node for node in self._open):
            raise _at(event.start_mark, f"anchor {event.anchor!r} must not contain itself")
        node = Node(Kind.ALIAS, event.anchor)
        self._add(node, event)
        if self.spots is not None:
            self.spots.inline(node, event.start_mark, event.end_mark)

    def _mapping(self, event: Any) -> None:
        self._start(Node(Kind.MAPPING, tag=event.tag), event)

    def _sequence(self, event: Any) -> None:
        self._start(Node(Kind.SEQUENCE, tag=event.tag), event)

    def _start(self, node: Node, event: Any) -> None:
        if event.flow_style:
            node.style = FLOW
        self._add(node, event)
        if len(self._open) >= self.limits.max_depth:
            raise _at(
                event.start_mark, f"nesting must not be deeper than {self.limits.max_depth} levels"
            )
        self._open.append(node)
        if self.spots is not None:
            self.spots.start(node, event.start_mark)

    def _end(self, event: events.CollectionEndEvent) -> None:
        node = self._open.pop()
        if node.kind is Kind.MAPPING:
            _refuse_duplicate_keys(node, self._line)
        if self.spots is not None and node.style == FLOW:
            self.spots.end(node, event.end_mark)


def _ignore(_: events.Event) -> None:
    """Events that say nothing about the tree."""


def _refuse_duplicate_keys(mapping: Node, first_line: int) -> None:
    keys = mapping.content[::2]
    if len({key.value for key in keys}) == len(keys):
        return
    seen: dict[str, Node] = {}
    for key in keys:
        if key.kind is Kind.SCALAR and key.value in seen and key.value != "<<":
            raise BadYaml(
                f"mapping key {key.value!r} already defined at line {seen[key.value].line}",
                line=key.line - first_line + 1,
            )
        if key.kind is Kind.SCALAR:
            seen[key.value] = key


def _at(mark: Any, problem: str) -> BadYaml:
    return BadYaml(problem, line=mark.line + 1, column=mark.column + 1)


def _from_marked(error: MarkedYAMLError) -> BadYaml:
    mark = error.problem_mark or error.context_mark
    problem = ", ".join(filter(None, (error.context, error.problem))) or "malformed"
    if mark is None:
        return BadYaml(problem)
    return BadYaml(problem, line=mark.line + 1, column=mark.column + 1, in_kpt=_in_kpt(error))


def _in_kpt(error: MarkedYAMLError) -> str:
    """The error as go-yaml words it, with its way of counting lines."""
    marks = [mark for mark in (error.context_mark, error.problem_mark) if mark and mark.line]
    if not marks:
        return f"yaml: {error.problem}"
    line = marks[0].line + (1 if isinstance(error, ScannerError) else 0)
    return f"yaml: line {line}: {error.problem}"


def _from_reader(error: ReaderError, text: str) -> BadYaml:
    character = error.character
    shown = f"{character!r}" if isinstance(character, str) else f"#x{character:04x}"
    before = text.encode()[: error.position].decode(errors="replace")  # it counts bytes
    return _at_offset(f"{error.reason}: {shown}", text, len(before))


def _at_offset(problem: str, text: str, offset: int) -> BadYaml:
    before = text[:offset]
    line = before.count("\n") + 1
    return BadYaml(problem, line=line, column=offset - before.rfind("\n"))
