"""The bare clone of one URL: the refs of the remote as they are known, and the objects here.

Shared by every registration of the URL; each comes with a transport of its own, so nobody reads or
writes by another's credentials. A cache: it may be lost at any moment. What was never pushed is a
projection of the content store and is made again from there, so a damaged clone is thrown away.

I/O       libgit2 in one worker thread, which is the lock of the clone; transports are not under
          it. One listing at a time, so that an older one never overwrites a newer one.
Errors    those of the transport; CloneDamaged, after which the clone is made anew.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pygit2

from porch.errors import Transient
from porch.storage.git.layout import is_common
from porch.storage.git.objects import Objects, open_bare
from porch.storage.git.packfile import BadPack
from porch.storage.git.program import FetchFailed
from porch.storage.git.refs import Refs, Update
from porch.storage.git.transport import Transport

T = TypeVar("T")

MAX_FETCHES_OF_BROKEN = 64  # when one bad ref spoils a fetch, until it is found


class CloneDamaged(Transient):
    """An object is missing here that must be here; the clone is made anew with the next listing."""

    reason = "RepositoryUnreachable"


class Clone:
    """The clone, and what is known of its remote."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self.refs = Refs()
        self.is_listed = False  # `refs` come from the remote, and no push of ours is in doubt
        self.atomic: bool | None = None  # None: nobody knows yet
        self.objects = Objects(_opened(directory))
        self._is_asked = False  # whether it can push atomically
        self._is_damaged = False
        self._broken: dict[str, str] = {}  # refs that no fetch brings -> their id
        self._landed: list[Update] = []  # pushes of ours since the running listing began
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="git")
        self._listing = asyncio.Lock()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work on the objects."""

        def guarded() -> T:
            try:
                return work()
            except pygit2.GitError as err:
                self._is_damaged = True
                raise CloneDamaged(f"the clone of {self.url} is damaged: {err}") from err

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    async def refresh(self, transport: Transport) -> None:
        """Know the refs as the remote has them now, and have the objects that they name."""
        async with self._listing:
            if self._is_damaged:
                await self.in_thread(self._make_anew)
            self._landed = []
            found = Refs(await transport.refs())
            await self._have(found, transport)
            self.refs = found.updated(self._landed)
            self.is_listed = True
            if not self._is_asked:
                self._is_asked = True
                self.atomic = await transport.offers_atomic()

    async def pushed(self, updates: Sequence[Update], branch_ref: str) -> None:
        """Know what we have just changed, without asking."""
        self.refs = self.refs.updated(updates)
        self._landed += updates
        heads = [each.new for each in updates if each.ref == branch_ref and each.new]
        for head in heads:
            await self.in_thread(lambda: self.objects.note_ref(branch_ref, head))  # noqa: B023

    def close(self) -> None:
        """End the worker thread."""
        self._thread.shutdown(wait=True)

    async def _have(self, found: Refs, transport: Transport) -> None:
        """Bring what is missing; a ref that cannot be brought is left for the listing to tell."""
        if found == self.refs and self.is_listed:
            return
        changed = found.changed_since(self.refs) if self.is_listed else found
        missing = await self._missing(changed, found)
        if not missing or await self._bring(missing, found, transport):
            return
        try:
            await transport.fetch(None)
        except FetchFailed:
            await _fetch_apart(missing, transport)
        self._broken = {ref: found[ref] for ref in await self._missing(missing, found)}

    async def _bring(self, missing: list[str], found: Refs, transport: Transport) -> bool:
        """Try it the short way; whether nothing is missing any more."""
        wants = sorted({found[ref] for ref in missing})
        haves = [self.refs[ref] for ref in missing if ref in self.refs]
        haves += [oid for ref, oid in self.refs.items() if is_common(ref)]
        pack = await transport.bring(wants, list(dict.fromkeys(haves))) if haves else None
        if pack is None:
            return False
        try:
            await self.in_thread(lambda: self.objects.unpack(pack))
        except BadPack:
            return False
        return not await self._missing(missing, found)

    async def _missing(self, refs: Iterable[str], found: Refs) -> list[str]:
        wanted = [ref for ref in refs if ref in found and self._broken.get(ref) != found[ref]]
        return await self.in_thread(
            lambda: [ref for ref in wanted if not self.objects.has(found[ref])]
        )

    def _make_anew(self) -> None:
        self.refs, self.is_listed, self._broken = Refs(), False, {}
        shutil.rmtree(self.directory, ignore_errors=True)
        self.objects.reopen(open_bare(self.directory))
        self._is_damaged = False


async def _fetch_apart(refs: list[str], transport: Transport) -> None:
    """Fetch by halves, so that one ref that cannot be had keeps no other away."""
    left, fetches = [refs], 0
    while left and fetches < MAX_FETCHES_OF_BROKEN:
        part = left.pop(0)
        fetches += 1
        try:
            await transport.fetch(part)
        except FetchFailed:
            middle = len(part) // 2
            left += [each for each in (part[:middle], part[middle:]) if each and middle]


def _opened(directory: Path) -> pygit2.Repository:
    """The clone on disk, rid of what a killed process left; a new one when it is past use."""
    for pattern in ("**/*.lock", "objects/pack/tmp_*", "objects/??/tmp_obj_*"):
        for leftover in directory.glob(pattern):
            leftover.unlink(missing_ok=True)
    try:
        return open_bare(directory)
    except pygit2.GitError:
        shutil.rmtree(directory)
        return open_bare(directory)
