"""What a new listing of a repository means for the objects. Pure.

A revision without an object gets one; an object whose revision changed is looked at. Nothing is
removed here: the plan of the object does that, from the same listing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from porch.api import names
from porch.storage.adapter import RevisionId, Snapshot, StoredRevision, Warned


@dataclass(frozen=True, slots=True)
class Discovered:
    """A stored revision that has no object yet, and the name for one."""

    name: str
    stored: StoredRevision


@dataclass(frozen=True, slots=True)
class Delta:
    """What to do about a listing."""

    create: tuple[Discovered, ...]
    look_at: frozenset[RevisionId]  # revisions whose objects must be looked at
    warnings: tuple[Warned, ...]  # revisions that cannot have an object


def delta(
    repository: str,
    before: Snapshot | None,
    after: Snapshot,
    objects: Iterable[RevisionId],
) -> Delta:
    """Compare a listing with the one before and with the objects that there are."""
    present = set(objects)
    create: list[Discovered] = []
    warnings: list[Warned] = []
    for id_, stored in after.revisions.items():
        if id_ in present:
            continue
        parts = names.RevisionParts(repository, id_.package, id_.workspace)
        try:
            create.append(Discovered(names.revision_name(parts), stored))
        except names.NameInvalid as err:
            warnings.append(Warned(stored.lock.ref, str(err)))
    look_at = present if before is None else present & _changed(before.revisions, after.revisions)
    return Delta(tuple(create), frozenset(look_at), tuple(warnings))


def _changed(
    before: Mapping[RevisionId, StoredRevision], after: Mapping[RevisionId, StoredRevision]
) -> set[RevisionId]:
    if before is after:  # what an adapter answers when nothing changed
        return set()
    every = before.keys() | after.keys()
    return {id_ for id_ in every if before.get(id_) != after.get(id_)}
