"""One position in three trees as kpt orders them, and what it refuses to merge. Pure."""

from typing import ClassVar, NamedTuple

from porch.errors import Permanent
from porch.kpt.yaml.node import Node


class Unmergeable(Permanent):
    """Sides differ in a way that kpt's merge refuses; `in_kpt` are its words."""

    reason: ClassVar[str] = "Unmergeable"

    def __init__(self, problem: str, *, in_kpt: str, source: str = "") -> None:
        super().__init__(f"{source}: {problem}" if source else problem)
        self.problem, self.in_kpt = problem, in_kpt

    def located(self, source: str) -> "Unmergeable":
        """This error in the file `source`."""
        return Unmergeable(self.problem, in_kpt=self.in_kpt, source=source)


class Sources(NamedTuple):
    """One position in the three trees; `dest` is local's, which is edited."""

    dest: Node | None
    origin: Node | None
    updated: Node | None

    @property
    def present(self) -> list[Node]:
        """Those that are neither absent nor null."""
        return [node for node in self if node is not None and not node.is_null]
