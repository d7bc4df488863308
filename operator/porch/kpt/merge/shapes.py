"""What a schema says about merging a value: which lists are maps in disguise, and by which keys.

Pure, immutable. A value without a shape merges as what it is: mappings by field, lists as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from porch.kpt.yaml.node import Kind, Node


class Keys(Protocol):
    """How the elements of a list are told apart."""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of an element that identify it; none when its value does."""

    def labels(self, elements: Sequence[Node]) -> list[str] | None:
        """A name for each element, unique in the list; None when they cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of one value."""

    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    each: "Shape | None" = None  # of elements, and of fields that `fields` does not name
    keys: Keys | None = None  # None: a list is replaced as a whole

    def of(self, name: str) -> "Shape | None":
        """The shape of a field; a list has none."""
        return self.fields.get(name, self.each) if self.keys is None else None


@dataclass(frozen=True, slots=True)
class MergeKeys:
    """Elements are told apart by fields; by their value when there are no `names`."""

    names: tuple[str, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)  # what an absent key counts as

    def labels(self, elements: Sequence[Node]) -> list[str] | None:
        """Each element's keys as `name=web`; its value when the list is a set."""
        labels = [self._label(element) for element in elements]
        found = [label for label in labels if label is not None]
        return found if len(set(found)) == len(elements) else None

    def _label(self, element: Node) -> str | None:
        if not self.names:
            return element.value if element.kind is Kind.SCALAR else None
        values = [element.text(name) or self.defaults.get(name, "") for name in self.names]
        if not all(values):
            return None
        return ",".join(f"{name}={value}" for name, value in zip(self.names, values, strict=True))
