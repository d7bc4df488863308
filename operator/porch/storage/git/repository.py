"""The git adapter: one registration of a repository, at a branch and a directory.

A thin face of the clone and its writer, which several registrations of one URL share. See `layout`
for the refs, `changes` for what each change does to them, `writer` for how they are pushed.
"""

from datetime import UTC, datetime

from porch.kpt.content import Content, File
from porch.storage.adapter import Change, Outcome, RepositoryInvalid, Snapshot, StoredRevision
from porch.storage.git.changes import Registration, branch_missing
from porch.storage.git.clone import Clone
from porch.storage.git.layout import Layout
from porch.storage.git.listing import Listing
from porch.storage.git.messages import CREATE_BRANCH
from porch.storage.git.objects import COMMITTER
from porch.storage.git.refs import Update
from porch.storage.git.transport import Transport
from porch.storage.git.writer import Destination, Writer

README = File.of(b"Created by porch")


class GitRepository:
    """RepositoryAdapter of a git repository."""

    def __init__(
        self,
        writer: Writer,
        layout: Layout,
        transport: Transport,
        *,
        create_branch: bool = False,
    ) -> None:
        self._writer = writer
        self._clone: Clone = writer.clone
        self._layout = layout
        self._transport = transport
        self._create_branch = create_branch
        listing = Listing(self._clone.objects, layout, self._clone.url)
        self._listing = listing
        self._destination = Destination(
            Registration(layout, listing, self._clone.objects), transport
        )

    async def observe(self) -> Snapshot:
        """Ask the server for its refs, and read those that changed."""
        taken_at = datetime.now(UTC)
        await self._clone.refresh(self._transport)
        if self._layout.branch_ref not in self._clone.refs:
            await self._make_branch()
        refs = self._clone.refs
        revisions, warnings = await self._clone.in_thread(lambda: self._listing.revisions(refs))
        return Snapshot(
            revisions=revisions,
            head=refs.get(self._layout.branch_ref, ""),
            taken_at=taken_at,
            atomic=self._clone.atomic is not False,
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
        return await self._writer.apply(change, self._destination)

    async def close(self) -> None:
        """Finish what was asked for; the clone is closed by who opened it."""
        await self._writer.drain(self._destination)
        await self._transport.close()

    async def _make_branch(self) -> None:
        """The registered branch, from a commit that has nothing but a README."""
        if not self._create_branch:
            raise branch_missing(self._layout)
        objects, ref = self._clone.objects, self._layout.branch_ref

        def work() -> str:
            tree = objects.write_content(Content({"README.md": README}))
            return objects.create_commit(tree, [], CREATE_BRANCH, COMMITTER)

        commit = await self._clone.in_thread(work)

        async def pack() -> bytes:
            return await self._clone.in_thread(lambda: objects.pack([commit]))

        update = Update(ref, "", commit)
        answer = await self._transport.push([update], atomic=False, pack=pack)
        if not answer.refused:
            await self._clone.pushed([update], ref)
            return
        await self._clone.refresh(self._transport)
        if ref not in self._clone.refs:
            words = f"branch {self._layout.branch!r} could not be created: {answer.words}"
            raise RepositoryInvalid(words)

    def _filled(self, file: File) -> File:
        if file.data is not None:
            return file
        return self._clone.objects.file(file.blob, file.mode)
