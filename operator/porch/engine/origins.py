"""Which revisions a source may name, and what is wrong with the others. Pure.

What may change by itself is waited for; what cannot come true stalls, and as a source is immutable,
the way out is another PackageRevision.
"""

from dataclasses import dataclass

from porch.api.conditions import Reason
from porch.engine.ports import Origin
from porch.engine.seen import Halt, Seen
from porch.storage.adapter import StoredRevision


@dataclass(frozen=True, slots=True)
class Named:
    """A revision that a field of the source names."""

    field: str  # "copyFrom.name"
    name: str
    same_package: bool = False  # it must be of the package that the draft is of


@dataclass(frozen=True, slots=True)
class Usable:
    """A revision that the source can be applied from."""

    origin: Origin
    stored: StoredRevision


def judge(seen: Seen, named: Named, origin: Origin | None) -> Usable | Halt:
    """Whether the draft can start from a revision now."""
    if named.name == seen.key.name:
        return invalid(f"{_field(named)} must name another revision than the new one")
    if origin is None:
        return _waits(named, f"does not exist in namespace {seen.key.namespace!r}")
    ours = (seen.wish.repository, seen.wish.id.package)
    if named.same_package and (origin.repository, origin.id.package) != ours:
        return invalid(
            f"{_field(named)} must name a revision of package {seen.wish.id.package!r} in "
            f"repository {seen.wish.repository!r}; {named.name!r} is of package "
            f"{origin.id.package!r} in {origin.repository!r}"
        )
    if origin.is_placeholder:
        return invalid(
            f"{_field(named)} must not name the placeholder package revision {named.name!r}, which "
            "follows its branch; name one of the package's published revisions"
        )
    if origin.lifecycle is None or not origin.lifecycle.is_published:
        found = origin.lifecycle or "not established yet"
        return _waits(named, f"must be published, found {found}")
    if origin.stored is None:
        return _waits(named, f"cannot be read yet: {origin.trouble}")
    return Usable(origin, origin.stored)


def invalid(words: str) -> Halt:
    """A source that cannot come true."""
    return Halt(
        Reason.SOURCE_INVALID,
        f"{words}. A source is immutable: create another PackageRevision with the right one",
        stalled=True,
    )


def _waits(named: Named, words: str) -> Halt:
    message = f"PackageRevision {named.name!r} {words}; {_field(named)} waits for it"
    return Halt(Reason.WAITING_FOR_SOURCE, message, stalled=False)


def _field(named: Named) -> str:
    return f"`spec.source.{named.field}`"
