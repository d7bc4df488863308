"""Which documents of the three sides are one and the same.

Pure. First by file and name; then a document that one side lacks in that file is looked for by its
resource in the other files of that side: it was moved. What is there twice is not guessed at.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.merge.documents import MergeDocument
from porch.kpt.merge.sides import Side, Three


@dataclass(slots=True, eq=False)
class Match:
    """One document on each side that has it; at least one does."""

    original: MergeDocument | None = None
    updated: MergeDocument | None = None
    local: MergeDocument | None = None

    def of(self, side: Side) -> MergeDocument | None:
        """The document on that side."""
        return Three(self.original, self.updated, self.local).of(side)

    @property
    def any(self) -> MergeDocument:
        """The document on some side: local's, if it has one."""
        found = self.local or self.updated or self.original
        assert found is not None  # noqa: S101 - a match is made of a document
        return found

    @property
    def resource(self) -> ResourceId | None:
        """The resource that a conflict names; None for a document that is none."""
        return self.any.resource if self.any.resource.kind else None

    @property
    def path(self) -> str:
        """The file in which it is to be: where local moved it, else where upstream has it."""
        was = self.original.path if self.original is not None else None
        if self.local is not None and (self.updated is None or self.local.path != was):
            return self.local.path
        return self.updated.path if self.updated is not None else self.any.path


def match_documents(sides: Three[list[MergeDocument]]) -> list[Match]:
    """All documents, each in one match, wherever it was moved."""
    return _with_moves(match_by_file(sides))


def match_by_file(sides: Three[list[MergeDocument]]) -> list[Match]:
    """All documents, matched by file and name only, in the order of local, original, updated."""
    matches: dict[tuple[str, str], Match] = {}
    for document in sides.local:
        matches[document.path, document.name] = Match(local=document)
    for document in sides.original:
        matches.setdefault((document.path, document.name), Match()).original = document
    for document in sides.updated:
        matches.setdefault((document.path, document.name), Match()).updated = document
    return list(matches.values())


def lost(matches: Iterable[Match]) -> set[ResourceId]:
    """Resources that updated or local does not have where original has them."""
    return {
        match.original.resource
        for match in matches
        if match.original is not None
        and (match.updated is None or match.local is None)
        and match.original.resource.name
    }


def _with_moves(matches: list[Match]) -> list[Match]:
    new: dict[ResourceId, list[Match]] = defaultdict(list)
    gone: dict[ResourceId, list[Match]] = defaultdict(list)
    for match in matches:
        if not match.any.resource.name:
            continue
        if match.original is None:
            new[match.any.resource].append(match)
        elif match.updated is None or match.local is None:
            gone[match.any.resource].append(match)
    moved: set[int] = set()
    for resource, origins in gone.items():
        if len(origins) == 1:
            moved |= _join(origins[0], new[resource])
    return [match for match in matches if id(match) not in moved]


def _join(origin: Match, found: list[Match]) -> set[int]:
    """Add to a match what only one side has; the ids of what became part of it."""
    by_updated = [match for match in found if match.local is None]
    by_local = [match for match in found if match.updated is None]
    joined: set[int] = set()
    if origin.updated is None and len(by_updated) == 1:
        origin.updated = by_updated[0].updated
        joined.add(id(by_updated[0]))
    if origin.local is None and len(by_local) == 1:
        origin.local = by_local[0].local
        joined.add(id(by_local[0]))
    return joined
