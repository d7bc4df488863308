"""A repository, and what it is known to hold at this moment.

A listing takes time, and a change of ours may land while it runs: the listing may then lack it.
`Known` lays every change that ended after a listing began over that listing, so that what it shows
never goes back behind an acknowledged change.

I/O       that of the adapter. Time is the given clock's, aware UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from porch.kpt.content import Content
from porch.storage.adapter import (
    Change,
    Moved,
    Outcome,
    Refused,
    RepositoryAdapter,
    RevisionId,
    Snapshot,
    Stored,
    StoredRevision,
)


@dataclass(frozen=True, slots=True)
class _Overlay:
    ended_at: datetime
    id: RevisionId
    found: StoredRevision | None


class Known:
    """A RepositoryAdapter that remembers; `snapshot` is None before the first listing."""

    def __init__(self, adapter: RepositoryAdapter, now: Callable[[], datetime]) -> None:
        self._adapter = adapter
        self._now = now
        self._overlays: list[_Overlay] = []
        self.snapshot: Snapshot | None = None

    async def observe(self) -> Snapshot:
        """List the repository, and lay over it what we changed meanwhile."""
        listed = await self._adapter.observe()
        self._overlays = [each for each in self._overlays if each.ended_at >= listed.taken_at]
        for overlay in self._overlays:
            listed = _laid(listed, overlay)
        self.snapshot = listed
        return listed

    async def apply(self, change: Change) -> Outcome:
        """Bring one change about, and know it."""
        outcome = await self._adapter.apply(change)
        match outcome:
            case Stored(found) | Moved(found):
                overlay = _Overlay(self._now(), change.id, found)
                self._overlays.append(overlay)
                if self.snapshot is not None:
                    self.snapshot = _laid(self.snapshot, overlay)
            case Refused():
                pass
        return outcome

    async def read(self, revision: StoredRevision) -> Content:
        """The content of a revision."""
        return await self._adapter.read(revision)

    async def fill(self, content: Content) -> Content:
        """The same content with all bytes."""
        return await self._adapter.fill(content)

    async def close(self) -> None:
        """Stop writing and release what is held."""
        await self._adapter.close()


def _laid(snapshot: Snapshot, overlay: _Overlay) -> Snapshot:
    revisions = dict(snapshot.revisions)
    revisions.pop(overlay.id, None)
    if overlay.found is not None:
        revisions[overlay.id] = overlay.found
    return replace(snapshot, revisions=revisions)
