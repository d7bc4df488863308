"""create-setters: mark the fields that hold one of the given values with `# kpt-set: ${name}`.

A value that is a YAML list marks sequences with the same elements, in any order. Other values mark
every text of one line that they occur in; the longest one wins where several begin. What tools
note in annotations is left alone.

CATALOGUE  the mark takes the place of a comment that is there, and Kptfiles are marked, too, so
           that a pipeline with this function marks its own settings.
CORRECTED  a field with another comment keeps it, with a warning; Kptfiles stay as they are.
"""

import re
from dataclasses import dataclass, field

from porch.functions.builtin import krm
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    about_field,
    done,
    quoted,
)
from porch.functions.builtin.field_path import below, element
from porch.functions.builtin.legacy import failed_legacy
from porch.functions.builtin.setter_pattern import SetterPattern
from porch.kpt.evaluate import FunctionOutput, ResultItem, Severity
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import FLOW, PLAIN, Node
from porch.kpt.yaml.parse import parse

_NOTES = tuple(
    f"metadata.annotations.{prefix}config.{domain}/"
    for prefix in ("", "internal.")
    for domain in ("kubernetes.io", "k8s.io")
)


def run(call: BuiltinCall) -> FunctionOutput:
    """Mark the fields that hold the config's values."""
    try:
        marking = _marking(call)
        for item in call.items:
            if not (call.corrected and krm.is_kptfile(item)):
                marking.visit(item, item, "")
    except Rejected as refusal:
        return _failed(call, refusal.message)
    if not marking.results:
        return _failed(call, "no matches for the input list of setters")
    return done(call.items, marking.results)


def _failed(call: BuiltinCall, message: str) -> FunctionOutput:
    return failed_legacy(call.items, f"failed to create setters: {message}")


def _marking(call: BuiltinCall) -> "_Marking":
    data = call.config.get("data") if call.config is not None else None
    if data is None or not data.keys():
        raise Rejected("config map cannot be empty")
    scalars: dict[str, str] = {}
    lists: dict[tuple[str, ...], str] = {}
    for key, value in data.items():
        parsed = _parsed(value)
        if parsed.is_sequence:
            lists.setdefault(_texts(parsed), key.value)
        elif parsed.is_scalar:
            scalars.setdefault(value.value, key.value)
    return _Marking(scalars, lists, keeps_comments=call.corrected)


def _parsed(value: Node) -> Node:
    try:
        documents = parse(value.value) if value.is_scalar else []
    except BadYaml as err:
        raise Rejected("parsing error") from err
    if len(documents) != 1:
        raise Rejected("parsing error")
    return documents[0].root


def _texts(sequence: Node) -> tuple[str, ...]:
    return tuple(sorted(child.value for child in sequence.content))


@dataclass(slots=True)
class _Marking:
    """The values to mark, and what was marked so far."""

    scalars: dict[str, str]  # value -> name
    lists: dict[tuple[str, ...], str]  # sorted elements -> name
    keeps_comments: bool
    results: list[ResultItem] = field(default_factory=list)
    _places: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        longest_first = sorted(self.scalars, key=len, reverse=True)
        if longest_first:
            self._places = re.compile("|".join(map(re.escape, longest_first)))

    def visit(self, item: Node, node: Node, path: str) -> None:
        """Mark a value and what is below it, in document order; lists of a mapping come first."""
        if node.is_mapping:
            for key, value in node.items():
                if value.is_sequence:
                    self._mark_sequence(item, key, value, below(path, key.value))
            for key, value in node.items():
                self.visit(item, value, below(path, key.value))
        elif node.is_sequence:
            for number, child in enumerate(node.content):
                self.visit(item, child, element(path, number))
        elif node.is_scalar and "\n" not in node.value and not path.startswith(_NOTES):
            self._mark_scalar(item, node, path)

    def _mark_sequence(self, item: Node, key: Node, value: Node, path: str) -> None:
        texts = _texts(value)
        name = self.lists.get(texts)
        keeps = self._keeps(key.line_comment or value.line_comment)
        is_marked = (name is not None and not keeps) or any(map(self._occurs, texts))
        if value.style == FLOW and texts and is_marked:
            value.style = PLAIN
            key.line_comment = key.line_comment or value.line_comment
            value.line_comment = ""
        if name is not None:
            holder = value if value.style == FLOW else key
            self._mark(item, holder, path, f"${{{name}}}", value=f"[{' '.join(texts)}]")

    def _mark_scalar(self, item: Node, node: Node, path: str) -> None:
        if self._occurs(node.value) and self._places is not None:
            pattern = self._places.sub(lambda at: f"${{{self.scalars[at[0]]}}}", node.value)
            self._mark(item, node, path, pattern, value=node.value)

    def _occurs(self, text: str) -> bool:
        return self._places is not None and self._places.search(text) is not None

    def _mark(self, item: Node, holder: Node, path: str, pattern: str, *, value: str) -> None:
        comment = f"kpt-set: {pattern}"
        if self._keeps(holder.line_comment):
            message = (
                f"line comment {quoted(comment)} was not added, "
                f"the field has one already: {quoted(holder.line_comment)}"
            )
            self.results.append(about_field(item, path, message, severity=Severity.WARNING))
            return
        holder.line_comment = f"# {comment}"
        message = f"Added line comment {quoted(comment)} for field with value {quoted(value)}"
        self.results.append(about_field(item, path, message, severity=None))

    def _keeps(self, comment: str) -> bool:
        """Whether a comment must not be overwritten."""
        return self.keeps_comments and comment != "" and not SetterPattern.of_comment(comment)
