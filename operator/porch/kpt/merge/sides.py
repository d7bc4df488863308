"""The three inputs of a merge, always in this order. Pure.

original  what the local package was made from, or was last upgraded to
updated   what upstream has become
local     what people made of the original
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from porch.kpt.content import File

T = TypeVar("T")
R = TypeVar("R")

PackageFiles: TypeAlias = Mapping[str, File]  # by path in the package


class Side(StrEnum):
    """One of the three inputs."""

    ORIGINAL = "original"
    UPDATED = "updated"
    LOCAL = "local"


class Three(NamedTuple, Generic[T]):
    """The same thing on each side."""

    original: T
    updated: T
    local: T

    def map(self, change: Callable[[T], R]) -> "Three[R]":
        """What `change` makes of each."""
        return Three(change(self.original), change(self.updated), change(self.local))

    def of(self, side: Side) -> T:
        """The one on that side."""
        match side:
            case Side.ORIGINAL:
                return self.original
            case Side.UPDATED:
                return self.updated
            case Side.LOCAL:
                return self.local
