"""One bare clone per URL, one writer, one push for all that waits.

Changes that arrive while a push runs make the next push together. It is tried on the refs as they
are last known, with the old value of every ref as its lease; a lost lease means looking again
and trying anew, a refusal means halving the batch until the one bad change stands alone. After a
crash a change is repeated: what is in the repository already is recognised, not made twice.

I/O       the git program (`program`) and libgit2 in one worker thread a clone (`objects`).
Bounds    everything that waits is in memory; `attempts` tries of a lost race, with jitter.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from porch.kpt.content import Content, File
from porch.storage.adapter import (
    Change,
    Outcome,
    PutDraft,
    Refused,
    Stored,
    StoredRevision,
    Unreachable,
)
from porch.storage.git.changes import (
    Draftboard,
    Registration,
    Touched,
    Tried,
    attempt,
)
from porch.storage.git.layout import Layout
from porch.storage.git.listing import Refs
from porch.storage.git.messages import CREATE_BRANCH
from porch.storage.git.objects import COMMITTER, Objects, open_bare
from porch.storage.git.program import Git, Remote, Update
from porch.storage.git.refusals import PushResult, read_push

T = TypeVar("T")

MAX_ATTEMPTS = 8
FIRST_WAIT_SECONDS = 0.05


@dataclass(slots=True)
class _Waiting:
    """One change, and who waits for it."""

    change: Change
    registration: Registration
    futures: list[asyncio.Future[Outcome]] = field(default_factory=list)


class Clone:
    """The bare clone of one URL, and its one writer; shared by every registration of the URL."""

    def __init__(self, directory: Path, remote: Remote) -> None:
        self.git = Git(directory, remote)
        self.objects = Objects(open_bare(directory))
        self.refs: Refs = {}
        self.atomic = True  # until the server says otherwise
        self._listed = False
        self._changes = 0  # pushes of ours so far; a listing that saw one begin is made anew
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="git")
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work on the objects."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def refresh(self) -> None:
        """Know the refs as the remote has them now, and have the objects that they name."""
        async with self._asking:
            while True:
                before = self._changes
                found = await self.git.ls_remote()
                if before != self._changes:
                    continue
                if found != self.refs or not self._listed:
                    await self._fetch(found)
                if before == self._changes:
                    self.refs, self._listed = found, True
                    return

    async def apply(self, change: Change, registration: Registration) -> Outcome:
        """Queue one change for the next push, and wait for its outcome."""
        if not self._listed:
            await self.refresh()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue(_Waiting(change, registration, [future]))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(
                self._write(), name=f"git writer {self.git.directory}"
            )
        return await future

    async def create_branch(self, layout: Layout) -> None:
        """Make the registered branch, from a commit that has nothing but a README."""

        def work() -> str:
            readme = Content({"README.md": File.of(b"Created by porch")})
            tree = self.objects.write_content(readme)
            return self.objects.create_commit(tree, [], CREATE_BRANCH, COMMITTER)

        board = Draftboard(self.refs)
        board.move(layout.branch_ref, await self.in_thread(work))
        await self._push(board)

    async def close(self) -> None:
        """Let what waits be written, then end."""
        if self._writer is not None:
            await asyncio.wait([self._writer])
        self._thread.shutdown(wait=True)

    async def _fetch(self, found: Refs) -> None:
        known = await self.in_thread(lambda: all(self.objects.has(oid) for oid in found.values()))
        if not known:
            await self.git.fetch()

    def _queue(self, waiting: _Waiting) -> None:
        """A newer content of the same draft takes the place of one that nobody pushed yet."""
        for each in self._waiting:
            same = each.change.id == waiting.change.id and each.registration == waiting.registration
            if same and isinstance(each.change, PutDraft) and isinstance(waiting.change, PutDraft):
                each.change = waiting.change
                each.futures += waiting.futures
                return
        self._waiting.append(waiting)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._settle(batch)

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Push a batch; whatever goes wrong, everybody who waits hears of it."""
        try:
            await self._push_batch(batch)
        except BaseException as err:
            for each in batch:
                _fail(each, err)
            if not isinstance(err, Exception):
                raise

    async def _push_batch(self, batch: list[_Waiting]) -> None:
        for number in range(MAX_ATTEMPTS):
            board = Draftboard(self.refs)
            tried = await self.in_thread(partial(_try_all, batch, board))
            left = [(each, result) for each, result in tried if isinstance(result, Touched)]
            for each, result in tried:
                if not isinstance(result, Touched):
                    _resolve(each, result)
            batch = [each for each, _ in left]
            if not batch:
                return
            match await self._push(board):
                case PushResult.DONE:
                    await self._resolve_all(left)
                    return
                case PushResult.LOST:
                    await asyncio.sleep(random.uniform(0, FIRST_WAIT_SECONDS * 2**number))  # noqa: S311
                    await self.refresh()
                case str() as words:
                    await self._refused(batch, words)
                    return
        raise Unreachable(
            f"{self.git.remote.shown} was changed by others {MAX_ATTEMPTS} times in a row while "
            "we were writing; trying again later"
        )

    async def _refused(self, batch: list[_Waiting], words: str) -> None:
        if len(batch) == 1:
            _resolve(batch[0], Refused(words))
            return
        middle = len(batch) // 2
        await self._settle(batch[:middle])
        await self._settle(batch[middle:])

    async def _resolve_all(self, left: list[tuple[_Waiting, Touched]]) -> None:
        def work() -> list[StoredRevision | None]:
            return [
                _found(each, touched.ref, self.refs) if touched.ref else None
                for each, touched in left
            ]

        for (each, _), found in zip(left, await self.in_thread(work), strict=True):
            _resolve(each, Stored(found))

    async def _push(self, board: Draftboard) -> PushResult | str:
        """One atomic push, or ref by ref in the order that a crash can be read from."""
        updates = board.updates()
        if self.atomic:
            done = await self.git.push(updates, atomic=True)
            result = read_push(done, self.git)
            if result is not PushResult.NOT_ATOMIC:
                return await self._pushed(updates, result)
            self.atomic = False
        for update in updates:
            result = read_push(await self.git.push([update], atomic=False), self.git)
            if result is not PushResult.DONE:
                return result
            await self._pushed([update], result)
        return PushResult.DONE

    async def _pushed(
        self, updates: Sequence[Update], result: PushResult | str
    ) -> PushResult | str:
        """Know what we have just changed, without asking."""
        if result is not PushResult.DONE:
            return result
        refs = dict(self.refs)
        for update in updates:
            if update.new:
                refs[update.ref] = update.new
            else:
                refs.pop(update.ref, None)
        self.refs = refs
        self._changes += 1

        def note() -> None:
            for update in updates:
                self.objects.note_ref(update.ref, update.new)

        await self.in_thread(note)
        return result


def _try_all(batch: list[_Waiting], board: Draftboard) -> list[tuple[_Waiting, Tried]]:
    return [(each, attempt(each.change, board, each.registration)) for each in batch]


def _found(waiting: _Waiting, ref: str, refs: Refs) -> StoredRevision | None:
    registration = waiting.registration
    if ref != registration.layout.branch_ref:
        return registration.listing.revision(refs, ref)
    return registration.listing.revisions(refs)[0].get(waiting.change.id)


def _resolve(waiting: _Waiting, outcome: Outcome) -> None:
    for future in waiting.futures:
        if not future.done():
            future.set_result(outcome)


def _fail(waiting: _Waiting, err: BaseException) -> None:
    for future in waiting.futures:
        if future.done():
            continue
        if isinstance(err, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(err)
