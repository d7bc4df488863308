"""The git adapter: one registration of a repository, at a branch and a directory.

A thin face of `Clone`, which several registrations of one URL share. See `layout` for the refs,
`changes` for what each change does to them, `clone` for how they are pushed.
"""

from datetime import UTC, datetime
from pathlib import Path

from porch.kpt.content import Content, File
from porch.storage.adapter import Change, Outcome, Snapshot, StoredRevision
from porch.storage.git.changes import Registration, branch_missing
from porch.storage.git.clone import Clone
from porch.storage.git.layout import Layout
from porch.storage.git.listing import Listing
from porch.storage.git.program import Remote


class GitRepository:
    """RepositoryAdapter of a git repository."""

    def __init__(self, clone: Clone, layout: Layout, *, create_branch: bool = False) -> None:
        self._clone = clone
        self._layout = layout
        self._create_branch = create_branch
        listing = Listing(clone.objects, layout, clone.git.remote.shown)
        self._registration = Registration(layout, listing, clone.objects)

    async def observe(self) -> Snapshot:
        """Ask the server for its refs, and read those that changed."""
        taken_at = datetime.now(UTC)
        await self._clone.refresh()
        if self._layout.branch_ref not in self._clone.refs:
            if not self._create_branch:
                raise branch_missing(self._layout)
            await self._clone.create_branch(self._layout)
        refs = self._clone.refs
        listing = self._registration.listing
        revisions, warnings = await self._clone.in_thread(lambda: listing.revisions(refs))
        return Snapshot(
            revisions=revisions,
            head=refs.get(self._layout.branch_ref, ""),
            taken_at=taken_at,
            atomic=self._clone.atomic,
            warnings=warnings,
        )

    async def read(self, revision: StoredRevision) -> Content:
        """Every file of a revision, from the clone."""
        return await self._clone.in_thread(lambda: self._clone.objects.content(revision.digest))

    async def fill(self, content: Content) -> Content:
        """Bytes for the files that are known by id only."""

        def work() -> Content:
            return Content({path: self._filled(file) for path, file in content.items()})

        return await self._clone.in_thread(work)

    async def apply(self, change: Change) -> Outcome:
        """Bring one change about, with whatever else waits for the next push."""
        return await self._clone.apply(change, self._registration)

    async def close(self) -> None:
        """Nothing of a registration is held; the clone is closed by who opened it."""

    def _filled(self, file: File) -> File:
        if file.data is not None:
            return file
        return self._clone.objects.file(file.blob, file.mode)


def open_clone(cache: Path, name: str, remote: Remote) -> Clone:
    """The clone of a URL in the cache directory."""
    return Clone(cache / name, remote)
