"""apply-setters: set the fields that a `# kpt-set: ${name}` comment marks.

Visits every item, the Kptfile and the config too. A value is written with its type taken from its
text; a sequence takes a YAML list. Setters of the pattern that were not given keep their current
part of the value.
"""

from dataclasses import dataclass, field

from porch.functions.builtin.contract import BuiltinCall, Rejected, about_field, done, quoted
from porch.functions.builtin.field_path import below, element
from porch.functions.builtin.legacy import failed_legacy
from porch.functions.builtin.setter_pattern import SetterPattern, Unresolved
from porch.kpt.evaluate import FunctionOutput, ResultItem
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import DOUBLE, FLOW, PLAIN, Node
from porch.kpt.yaml.parse import parse


def run(call: BuiltinCall) -> FunctionOutput:
    """Apply the setter values of the config's data."""
    try:
        setting = _Setting(_values(call.config))
        for item in call.items:
            setting.visit_mapping(item, item, "")
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to apply setters: {refusal.message}")
    if not setting.results:
        return done(call.items, [ResultItem(message="no matches for input setter(s)")])
    return done(call.items, setting.results)


def _values(config: Node | None) -> dict[str, str]:
    """The setters; numbers and booleans count as the text they were written as."""
    data = config.get("data") if config is not None else None
    values: dict[str, str] = {}
    for key, value in data.items() if data is not None else ():
        if not value.is_scalar:
            raise Rejected(f"`data.{key.value}` must be a string, found a {value.kind.value}")
        values[key.value] = "" if value.is_null else value.value
    return values


@dataclass(slots=True)
class _Setting:
    """The values to set, and what was set so far."""

    values: dict[str, str]
    results: list[ResultItem] = field(default_factory=list)

    def visit(self, item: Node, node: Node, path: str) -> None:
        """Set the fields of a value and below it, in document order."""
        if node.is_mapping:
            self.visit_mapping(item, node, path)
        elif node.is_sequence:
            for number, child in enumerate(node.content):
                self.visit(item, child, element(path, number))
        elif node.is_scalar:
            self._set_scalar(item, node, path)

    def visit_mapping(self, item: Node, mapping: Node, path: str) -> None:
        """Set the fields of a mapping and below them."""
        for key, value in mapping.items():
            if value.is_sequence:
                self._set_sequence(item, key, value, below(path, key.value))
        for key, value in mapping.items():
            self.visit(item, value, below(path, key.value))

    def _set_scalar(self, item: Node, node: Node, path: str) -> None:
        pattern = self._concerned(node.line_comment)
        if pattern is None:
            return
        text = self._filled(pattern, node.value)
        if text == "" or (not node.style and "\n" in text):
            node.style = DOUBLE
        node.value, node.tag = text, None
        self._report(item, path, text)

    def _set_sequence(self, item: Node, key: Node, value: Node, path: str) -> None:
        comment = value.line_comment if value.style == FLOW else key.line_comment
        pattern = self._concerned(comment)
        if pattern is None:
            return
        name = pattern.only_name
        if name is None:
            raise Rejected(f"invalid setter pattern for array node: {quoted(pattern.text)}")
        text = self.values[name]
        value.content = _elements(text)
        if value.content:
            key.line_comment, value.line_comment, value.style = comment, "", PLAIN
        else:
            key.line_comment, value.line_comment, value.style = "", comment, FLOW
        self._report(item, path, text)

    def _concerned(self, comment: str) -> SetterPattern | None:
        """The comment's pattern, when one of its setters was given."""
        pattern = SetterPattern.of_comment(comment)
        if pattern is None or not any(name in self.values for name in pattern.names):
            return None
        return pattern

    def _filled(self, pattern: SetterPattern, current: str) -> str:
        match pattern.fill(self.values, current):
            case Unresolved(names):
                wanted = " ".join(f"${{{name}}}" for name in names)
                raise Rejected(f"values for setters [{wanted}] must be provided")
            case text:
                return text

    def _report(self, item: Node, path: str, text: str) -> None:
        self.results.append(
            about_field(item, path, f"set field value to {quoted(text)}", severity=None)
        )


def _elements(text: str) -> list[Node]:
    """The elements of a list given as text; "" is the empty list."""
    if text.strip() == "":
        return []
    try:
        documents = parse(text)
    except BadYaml:
        documents = []
    if len(documents) != 1 or not documents[0].root.is_sequence:
        raise Rejected(
            f"input to array setter must be an array of values, but found {quoted(text)}"
        )
    return documents[0].root.content
