"""Strict reading of nodes as structures: known fields, expected shapes, lines of what is wrong.

Pure. Problems are collected, all of them, in document order of the structures that were read.
"""

from dataclasses import dataclass, field

from porch.kpt.yaml.node import Kind, Node


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit; `field` is the unknown field, "" for a wrong shape."""

    line: int
    path: str  # of the structure or value, "" for the top
    field: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(slots=True)
class Decoder:
    """Collects what does not fit while views are made."""

    problems: list[Problem] = field(default_factory=list)

    def struct(self, node: Node | None, path: str, fields: tuple[str, ...]) -> "View":
        """A view of a mapping that may have these fields only; absent and null are empty."""
        view = View(self, path, {})
        if node is None or node.is_null:
            return view
        if node.kind is not Kind.MAPPING:
            self.wrong(node, path or "the Kptfile", "a mapping")
            return view
        for key, value in node.items():
            if key.value in fields:
                view.fields[key.value] = value
            else:
                where = f"`{path}`" if path else "the Kptfile"
                text = f"field {key.value} not found in {where}"
                self.problems.append(Problem(key.line, path, key.value, text))
        return view

    def wrong(self, node: Node, path: str, expected: str) -> None:
        text = f"`{path}` must be {expected}, found a {node.kind.name.lower()}"
        self.problems.append(Problem(node.line, path, "", text))


@dataclass(slots=True)
class View:
    """The known fields of one mapping."""

    decoder: Decoder
    path: str
    fields: dict[str, Node]

    def node(self, name: str) -> Node | None:
        """The field as it is; None when absent or null."""
        found = self.fields.get(name)
        return None if found is None or found.is_null else found

    def text(self, name: str) -> str:
        """The text of a scalar field, numbers as they are written; "" when absent or null."""
        found = self.node(name)
        return "" if found is None else self._scalar(found, self._path(name))

    def texts(self, name: str) -> dict[str, str]:
        """A mapping of text to text, in order; empty when absent."""
        found = self.node(name)
        if found is None:
            return {}
        if found.kind is not Kind.MAPPING:
            self.decoder.wrong(found, self._path(name), "a mapping")
            return {}
        return {
            key.value: self._scalar(value, f"{self._path(name)}.{key.value}")
            for key, value in found.items()
        }

    def nodes(self, name: str) -> list[Node]:
        """The elements of a list field; empty when absent."""
        found = self.node(name)
        if found is None:
            return []
        if found.kind is not Kind.SEQUENCE:
            self.decoder.wrong(found, self._path(name), "a list")
            return []
        return found.content

    def text_list(self, name: str) -> tuple[str, ...]:
        """The texts of a list field; empty when absent."""
        return tuple(
            self._scalar(element, f"{self._path(name)}[{number}]")
            for number, element in enumerate(self.nodes(name))
        )

    def _scalar(self, node: Node, path: str) -> str:
        if node.kind is not Kind.SCALAR:
            self.decoder.wrong(node, path, "text")
            return ""
        return "" if node.is_null else node.value

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
