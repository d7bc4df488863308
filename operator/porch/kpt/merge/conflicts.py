"""What both sides changed differently, as data.

Pure. Values: `base`, `ours` and `theirs` are the text of a scalar, or a collection on one line; of
a whole file the id of its blob, of a sub-package that of its tree; None where it is absent. They
may be secret: `str()` leaves them out, and so must logs.
Order     by path, then resource, then field.
"""

import dataclasses
from collections.abc import Iterable
from enum import StrEnum


class Taken(StrEnum):
    """Which side a conflict was decided for."""

    LOCAL = "local"
    UPDATED = "updated"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ResourceId:
    """Which resource of a file, by the name it had upstream."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{kind} {name}"


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """One field, resource, file or sub-package that was changed differently on both sides."""

    path: str  # the file, or the directory of a sub-package
    resource: ResourceId | None  # None for what is no resource
    field: str  # "spec.ports[port=80].name"; "" for the whole of it
    base: str | None = dataclasses.field(repr=False)
    ours: str | None = dataclasses.field(repr=False)
    theirs: str | None = dataclasses.field(repr=False)
    taken: Taken = dataclasses.field(kw_only=True)

    def __str__(self) -> str:
        what = ": ".join(map(str, filter(None, (self.path, self.resource, self.field))))
        return f"{what} was {self._happening}; took {self.taken}"

    @property
    def _happening(self) -> str:
        if self.ours is None:
            return "removed locally and changed upstream"
        if self.theirs is None:
            return "changed locally and removed upstream"
        if self.base is None:
            return "added differently on both sides"
        return "changed differently on both sides"


def in_order(conflicts: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """Conflicts in the one order in which they are told."""
    return tuple(
        sorted(conflicts, key=lambda each: (each.path, str(each.resource or ""), each.field))
    )
