"""search-replace: find fields by value, pattern or path, and put a value or a comment there.

Criteria are AND-ed. Fields are found first and changed afterwards, so that the user's regular
expression is asked about all texts in one call of the sandbox.
"""

import re
from dataclasses import dataclass

from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    Untrusted,
    about_field,
    done,
    quoted,
)
from porch.functions.builtin.field_path import below, element, is_absolute, matches
from porch.functions.builtin.file_glob import is_literal, to_re2
from porch.functions.builtin.legacy import failed_legacy
from porch.functions.sandbox.limits import LimitExceeded, RefusedByChild
from porch.functions.sandbox.wire import Found
from porch.kpt.annotations import path_of
from porch.kpt.evaluate import FunctionOutput, ResultItem
from porch.kpt.yaml.emit import emit_document, flow_text
from porch.kpt.yaml.node import PLAIN, Kind, Node, WrongNode

_MATCHERS = (
    "by-value",
    "by-file-path",
    "by-value-regex",
    "by-path",
    "put-value",
    "put-comment",
)
_GROUP = re.compile(r"\$\{([0-9]+)\}")


def run(call: BuiltinCall) -> FunctionOutput:
    """Search, and replace when there is something to put."""
    try:
        search = _Search(_settings(call.config), call.untrusted)
        items = search.in_files(call.items)
        results = search.put_by_path(items) if search.puts_by_path else search.perform(items)
    except (Rejected, LimitExceeded, RefusedByChild, WrongNode) as err:
        message = err.message if isinstance(err, Rejected) else str(err)
        return failed_legacy(
            call.items, f"failed to perform search-replace operation: {quoted(message)}"
        )
    return done(call.items, results or [ResultItem(message="no matches")])


def _settings(config: Node | None) -> dict[str, str]:
    data = config.get("data") if config is not None else None
    settings = {key.value: value.value for key, value in data.items()} if data is not None else {}
    for key in settings:
        if key not in _MATCHERS:
            known = " ".join(map(quoted, _MATCHERS))
            raise Rejected(f"invalid matcher {quoted(key)}, must be one of [{known}]")
    if settings.get("by-value") and settings.get("by-value-regex"):
        raise Rejected('only one of ["by-value", "by-value-regex"] can be provided')
    return settings


@dataclass(frozen=True, slots=True)
class _Match:
    """A field that the path and the exact value admit; `key` is set for a sequence."""

    item: Node
    node: Node
    path: str
    key: Node | None = None


class _Search:
    """The criteria, and what to put."""

    def __init__(self, settings: dict[str, str], untrusted: Untrusted) -> None:
        self.by_value = settings.get("by-value", "")
        self.by_regex = settings.get("by-value-regex", "")
        self.by_path = settings.get("by-path", "")
        self.by_file = settings.get("by-file-path", "")
        self.put_value = settings.get("put-value", "")
        self.put_comment = settings.get("put-comment", "")
        self._untrusted = untrusted

    @property
    def puts_by_path(self) -> bool:
        """Whether the value goes to one path of every item, present or not."""
        searches = self.by_value or self.by_regex
        return bool(is_absolute(self.by_path) and self.put_value and not searches)

    def in_files(self, items: list[Node]) -> list[Node]:
        """The items whose file matches."""
        if not self.by_file:
            return items
        paths = [path_of(item) for item in items]
        if is_literal(self.by_file):
            return [item for item, path in zip(items, paths, strict=True) if path == self.by_file]
        found = self._untrusted.search(to_re2(self.by_file), paths)
        return [item for item, match in zip(items, found, strict=True) if match is not None]

    def put_by_path(self, items: list[Node]) -> list[ResultItem]:
        """Put the value at the path of each item, making mappings on the way."""
        *parents, last = self.by_path.split(".")
        for item in items:
            target = item
            for key in parents:
                target = target.child(key)
            current = target.get(last)
            if current is None or not current.is_scalar:
                target.set(last, Node.scalar(self.put_value))
            else:
                current.value, current.tag = self.put_value, None
        return [self._result(item, self.by_path, self.put_value) for item in items]

    def perform(self, items: list[Node]) -> list[ResultItem]:
        """Find the fields and change them."""
        matches_: list[_Match] = []
        for item in items:
            self._visit(item, item, "", matches_)
        captures: list[Found | None] = [None] * len(matches_)
        if self.by_regex:
            captures = self._untrusted.search(self.by_regex, [m.node.value for m in matches_])
        return [
            self._change(match, captured)
            for match, captured in zip(matches_, captures, strict=True)
            if match.key is not None or captured is not None or not self.by_regex
        ]

    def _visit(self, item: Node, node: Node, path: str, found: list[_Match]) -> None:
        if node.is_mapping:
            if self.put_comment:
                self._visit_sequences(item, node, path, found)
            for key, value in node.items():
                self._visit(item, value, below(path, key.value), found)
        elif node.is_sequence:
            for number, child in enumerate(node.content):
                self._visit(item, child, element(path, number), found)
        elif node.is_scalar and self._admits(node, path):
            found.append(_Match(item, node, path))

    def _visit_sequences(self, item: Node, mapping: Node, path: str, found: list[_Match]) -> None:
        for key, value in mapping.items():
            field_path = below(path, key.value)
            is_filled = value.is_sequence and value.content
            if is_filled and self.by_path and matches(field_path, self.by_path):
                found.append(_Match(item, value, field_path, key))

    def _admits(self, node: Node, path: str) -> bool:
        if self.by_path and not matches(path, self.by_path):
            return False
        if self.by_value:
            return node.value == self.by_value
        return bool(self.by_regex or self.by_path)

    def _change(self, match: _Match, captured: Found | None) -> ResultItem:
        node = match.node
        if match.key is not None:
            value = flow_text(node)
            match.key.line_comment, node.style = _comment(self.put_comment), PLAIN
            return self._result(match.item, f"{self.by_path} # {self.put_comment}", value)
        if self.put_comment:
            node.line_comment = _comment(_resolved(self.put_comment, captured))
        if self.put_value:
            node.value, node.tag = _resolved(self.put_value, captured), None
        return self._result(match.item, match.path, _written(node))

    def _result(self, item: Node, path: str, value: str) -> ResultItem:
        puts = self.put_value or self.put_comment
        action = "Mutated field value to" if puts else "Matched field value"
        return about_field(item, path, f"{action} {quoted(value)}", severity=None)


def _comment(text: str) -> str:
    return text if text.startswith("#") else f"# {text}"


def _resolved(text: str, captured: Found | None) -> str:
    """The text with `${n}` replaced by what the pattern captured."""
    if captured is None:
        return text
    for number, group in enumerate(captured.groups, 1):
        text = text.replace(f"${{{number}}}", group or "")
    if _GROUP.search(text):
        raise Rejected("unable to resolve capture groups")
    return text


def _written(node: Node) -> str:
    """The scalar as it is written, with its line comment and without the others."""
    alone = Node(Kind.SCALAR, node.value, style=node.style, tag=node.tag)
    alone.line_comment = node.line_comment
    return emit_document(alone).strip()
