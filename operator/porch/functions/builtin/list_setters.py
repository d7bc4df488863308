"""list-setters: tell the setters of a package, their values, types and how many fields they set.

Values come from the apply-setters steps of the root Kptfile, else from the fields that comments
`# kpt-set: ${name}` mark. Nothing is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from porch.functions.builtin.contract import BuiltinCall, done, warning
from porch.functions.builtin.setter_pattern import SetterPattern
from porch.kpt.annotations import path_of
from porch.kpt.evaluate import FunctionOutput, ResultItem
from porch.kpt.kptfile import KPTFILE
from porch.kpt.yaml.emit import flow_text
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import FLOW, Node
from porch.kpt.yaml.parse import parse

_APPLY_SETTERS = "apply-setters"
_STRING, _LIST = "str", "array"
_TYPES = ((bool, "bool"), (int, "int"), (float, "float"))


def run(call: BuiltinCall) -> FunctionOutput:
    """List the setters."""
    found = _Found()
    for name, text in _declared(call.items).items():
        found.declare(name, text)
    for item in call.items:
        found.visit(item)
    results = [ResultItem(message=str(setter)) for setter in found.sorted()]
    return done(call.items, results or [warning("no setters found")])


@dataclass(slots=True)
class _Setter:
    """One setter, and in how many fields it was seen."""

    name: str
    value: str
    type: str
    count: int = 0

    def __str__(self) -> str:
        return f"Name: {self.name}, Value: {self.value}, Type: {self.type}, Count: {self.count}"


def _declared(items: list[Node]) -> dict[str, str]:
    """The values of the apply-setters steps; none when one of the steps has no readable config."""
    kptfile = next((item for item in items if path_of(item) == KPTFILE), None)
    mutators = kptfile.at("pipeline", "mutators") if kptfile is not None else None
    values: dict[str, str] = {}
    for step in mutators.content if mutators is not None and mutators.is_sequence else ():
        if _APPLY_SETTERS in step.text("image"):
            config = _config(step, items)
            if config is None:
                return {}
            values |= {key.value: value.value for key, value in config.items()}
    return values


def _config(step: Node, items: list[Node]) -> Node | None:
    own = step.get("configMap")
    if own is not None:
        return own
    path = step.text("configPath")
    config = next((item for item in items if path and path_of(item) == path), None)
    return (config.get("data") or Node.mapping()) if config is not None else None


@dataclass(slots=True)
class _Found:
    """The setters that were found so far, lists and scalars apart."""

    lists: dict[str, _Setter] = field(default_factory=dict)
    scalars: dict[str, _Setter] = field(default_factory=dict)

    def declare(self, name: str, text: str) -> None:
        """Note a setter with its value from a pipeline."""
        elements = _elements(text)
        if elements is None:
            self.scalars[name] = _Setter(name, text, _STRING)
        else:
            self.lists[name] = _Setter(name, _list_text(map(flow_text, elements)), _LIST)

    def visit(self, node: Node) -> None:
        """Note the setters of a value and below it."""
        for key, value in node.items():
            if value.is_sequence:
                comment = value.line_comment if value.style == FLOW else key.line_comment
                self._see_list(comment, value)
        for child in _values(node):
            if child.is_scalar:
                self._see_scalar(child)
            else:
                self.visit(child)

    def _see_list(self, comment: str, value: Node) -> None:
        pattern = SetterPattern.of_comment(comment)
        if pattern is None or not pattern.text:
            return
        name = pattern.text.removeprefix("${").removesuffix("}")
        texts = sorted(child.value for child in value.content)
        setter = self.lists.setdefault(name, _Setter(name, _list_text(texts), _LIST))
        setter.count += 1

    def _see_scalar(self, node: Node) -> None:
        pattern = SetterPattern.of_comment(node.line_comment)
        if pattern is None:
            return
        type_ = _type(node)
        for name, value in pattern.derived(node.value).items():
            setter = self.scalars.setdefault(name, _Setter(name, value, type_))
            setter.type = type_ if setter.type == _STRING else setter.type
            setter.count += 1

    def sorted(self) -> list[_Setter]:
        """By name; of one name, the list first."""
        return sorted((*self.lists.values(), *self.scalars.values()), key=lambda each: each.name)


def _values(node: Node) -> Iterator[Node]:
    if node.is_mapping:
        yield from (value for _, value in node.items())
    elif node.is_sequence:
        yield from node.content


def _elements(text: str) -> list[Node] | None:
    """The elements when the text is a YAML list."""
    try:
        documents = parse(text)
    except BadYaml:
        return None
    is_list = len(documents) == 1 and documents[0].root.is_sequence
    return documents[0].root.content if is_list else None


def _list_text(texts: "Iterator[str] | list[str]") -> str:
    return f"[{', '.join(texts)}]"


def _type(node: Node) -> str:
    """The type by YAML's core schema, as its tags spell it."""
    data = node.to_data()
    if data is None:
        return "null"
    return next((name for kind, name in _TYPES if isinstance(data, kind)), _STRING)
