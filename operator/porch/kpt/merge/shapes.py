"""What a schema says about merging a value: which lists are maps in disguise, and by which keys.

Pure, immutable. A value without a shape merges as what it is: mappings by field, lists as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from porch.kpt.yaml.emit import flow_text
from porch.kpt.yaml.node import Node


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
    """Elements are told apart by fields; by all they say when there are none, or they lack one."""

    names: tuple[str, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)  # what an absent key counts as

    def labels(self, elements: Sequence[Node]) -> list[str] | None:
        """Each element's keys as `name=web`, or its text."""
        labels = [self._label(element) for element in elements]
        return labels if len(set(labels)) == len(labels) else None

    def _label(self, element: Node) -> str:
        values = [element.text(name) or self.defaults.get(name, "") for name in self.names]
        if not values or not all(values):
            return flow_text(element)
        return ",".join(f"{name}={value}" for name, value in zip(self.names, values, strict=True))
