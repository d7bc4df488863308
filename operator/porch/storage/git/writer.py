"""The one writer of a clone: what waits becomes one push.

Changes that arrive while a push runs make the next push together. It is tried on the refs as they
are last known, with the old value of every ref as its lease. A lost lease means looking again
and trying anew; a refusal means halving the batch until the one bad change stands alone. After a
crash a change is repeated: what is in the repository already is recognised, not made twice.

Without atomic pushes changes go one by one, each as branches, then tags, then removals.
Bounds    everything that waits is in memory; MAX_BATCH changes a push, MAX_ATTEMPTS races lost.
Errors    Unreachable after a push in doubt: the next change looks at the remote first.
"""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby

from porch.errors import PorchError
from porch.storage.adapter import (
    Change,
    Outcome,
    PutDraft,
    Refused,
    Stored,
    Unreachable,
)
from porch.storage.git.changes import Registration, Touched, Tried, as_pushed, attempt
from porch.storage.git.clone import Clone
from porch.storage.git.refs import Board, Refs, Update, kind_order
from porch.storage.git.transport import PushAnswer, Transport

MAX_BATCH = 100
MAX_ATTEMPTS = 10
MAX_ALIKE = 3  # lost races after which nothing had changed: then it is a refusal after all
FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Destination:
    """A registration, and its way to the remote."""

    registration: Registration
    transport: Transport


@dataclass(slots=True, eq=False)
class _Waiting:
    """One change, and who waits for it."""

    change: Change
    to: Destination
    futures: list[asyncio.Future[Outcome]] = field(default_factory=list)

    @property
    def revision(self) -> tuple[str, str]:
        """The revision by its place in git, whichever registration speaks of it."""
        id_ = self.change.id
        return self.to.registration.layout.full(id_.package), id_.workspace

    @property
    def is_wanted(self) -> bool:
        """Somebody still waits."""
        return any(not future.done() for future in self.futures)

    def resolve(self, outcome: Outcome) -> None:
        """Tell everybody how it ended."""
        for future in self.futures:
            if not future.done():
                future.set_result(outcome)

    def fail(self, err: BaseException) -> None:
        """Tell everybody why it did not end."""
        for future in self.futures:
            if isinstance(err, asyncio.CancelledError):
                future.cancel()
            elif not future.done():
                future.set_exception(err)


class Writer:
    """Applies changes to one clone's remote."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._waiting: list[_Waiting] = []
        self._taken: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def apply(self, change: Change, to: Destination) -> Outcome:
        """Queue one change for the next push, and wait for its outcome."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue(_Waiting(change, to, [future]))
        if self._task is None or self._task.done():
            name = f"git writer {self.clone.directory}"
            self._task = asyncio.create_task(self._write(), name=name)
        return await future

    async def close(self) -> None:
        """Finish everything, and let the clone go."""
        if self._task is not None:
            await asyncio.wait([self._task])
        self.clone.close()

    async def drain(self, to: Destination) -> None:
        """Wait until everything that was asked for there has ended."""
        pending = [each for each in (*self._taken, *self._waiting) if each.to is to]
        futures = [future for each in pending for future in each.futures if not future.done()]
        if futures:
            await asyncio.wait(futures)

    def _queue(self, new: _Waiting) -> None:
        """A newer content of a draft takes the place of one that nobody pushed yet.

        The task stays the older one's: what a revision began with is told by its first commit.
        """
        last = next(
            (each for each in reversed(self._waiting) if each.revision == new.revision), None
        )
        if last is not None and last.to is new.to:
            older, newer = last.change, new.change
            if isinstance(older, PutDraft) and isinstance(newer, PutDraft):
                last.change = replace(newer, task=older.task)
                last.futures += new.futures
                return
        self._waiting.append(new)

    async def _write(self) -> None:
        try:
            while self._waiting:
                self._take()
                wanted = [each for each in self._taken if each.is_wanted]
                for _, group in groupby(wanted, key=lambda each: id(each.to)):
                    await self._settle(list(group))
        except BaseException as err:
            for each in (*self._taken, *self._waiting):
                each.fail(err)
            self._waiting = []
            raise
        finally:
            self._taken = []

    def _take(self) -> None:
        """The next batch: one change of a revision at most.

        The second is decided on what the first has come to, not on what it might come to.
        """
        first: dict[tuple[str, str], _Waiting] = {}
        for each in self._waiting:
            if len(first) < MAX_BATCH:
                first.setdefault(each.revision, each)
        self._taken = list(first.values())
        taken = set(map(id, self._taken))
        self._waiting = [each for each in self._waiting if id(each) not in taken]

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Push a batch; whatever goes wrong, everybody who waits hears of it."""
        try:
            if not self.clone.is_listed:
                await self.clone.refresh(batch[0].to.transport)
            if self.clone.atomic is False and len(batch) > 1:
                await self._settle_apart(batch, size=1)
            else:
                await self._push_batch(batch)
        except PorchError as err:
            for each in batch:
                each.fail(err)

    async def _settle_apart(self, batch: list[_Waiting], *, size: int) -> None:
        for start in range(0, len(batch), size):
            await self._settle(batch[start : start + size])

    async def _push_batch(self, batch: list[_Waiting]) -> None:
        alike = 0
        for number in range(MAX_ATTEMPTS):
            board = Board(self.clone.refs)
            batch = await self._tried(batch, board)
            if not batch:
                return
            answer = await self._push(board, batch[0].to)
            if answer.not_atomic:
                self.clone.atomic = False
                await self._settle_apart(batch, size=1)
                return
            if not answer.refused:
                await self._resolve_all(batch)
                return
            if answer.looks_like_a_lost_race:
                await asyncio.sleep(_wait_seconds(number))
            await self.clone.refresh(batch[0].to.transport)
            alike = 0 if _lost(board.updates(), self.clone.refs) else alike + 1
            if alike and not (answer.looks_like_a_lost_race and alike < MAX_ALIKE):
                await self._refused(batch, answer.words)
                return
        raise Unreachable(
            f"{self.clone.url} was changed by others {MAX_ATTEMPTS} times in a row while we were "
            "writing; trying again later"
        )

    async def _tried(self, batch: list[_Waiting], board: Board) -> list[_Waiting]:
        """Put every change on the board; those that need no push, or may not have one, end here."""
        left: list[_Waiting] = []
        for each, result in await self.clone.in_thread(partial(_try_all, batch, board)):
            match result:
                case Touched():
                    left.append(each)
                case PorchError():
                    each.fail(result)
                case _:
                    each.resolve(result)
        return left

    async def _push(self, board: Board, to: Destination) -> PushAnswer:
        """One atomic push, or one for each kind of ref in the order that a crash is read from."""
        updates = board.updates()
        is_atomic = self.clone.atomic is not False
        branch_ref = to.registration.layout.branch_ref

        async def pack() -> bytes:
            return await self.clone.in_thread(lambda: self.clone.objects.pack(board.commits))

        for phase in [updates] if is_atomic else _phases(updates):
            try:
                answer = await to.transport.push(phase, atomic=is_atomic, pack=pack)
            except PorchError:
                self.clone.is_listed = False  # it may have landed
                raise
            if answer.not_atomic or (is_atomic and answer.refused):
                return answer
            landed = [each for each in phase if each.ref not in answer.refused]
            await self.clone.pushed(landed, branch_ref)
            if answer.refused:
                return answer
        return PushAnswer()

    async def _refused(self, batch: list[_Waiting], words: str) -> None:
        if len(batch) == 1:
            batch[0].resolve(Refused(words))
        else:
            await self._settle_apart(batch, size=(len(batch) + 1) // 2)

    async def _resolve_all(self, batch: list[_Waiting]) -> None:
        board = Board(self.clone.refs)

        def work() -> list[Outcome]:
            return [Stored(as_pushed(each.change, board, each.to.registration)) for each in batch]

        for each, outcome in zip(batch, await self.clone.in_thread(work), strict=True):
            each.resolve(outcome)


def _try_all(batch: list[_Waiting], board: Board) -> list[tuple[_Waiting, Tried | PorchError]]:
    return [(each, _try(each, board)) for each in batch]


def _try(waiting: _Waiting, board: Board) -> Tried | PorchError:
    """One change; its own error is nobody else's."""
    try:
        return attempt(waiting.change, board, waiting.to.registration)
    except PorchError as err:
        return err


def _lost(updates: Iterable[Update], refs: Refs) -> bool:
    """A ref is not what the push took it to be, so planning anew makes a difference."""
    return any(refs.get(each.ref, "") != each.old for each in updates)


def _phases(updates: list[Update]) -> list[list[Update]]:
    """Branches, tags, removals; `updates` are in that order."""
    grouped = groupby(updates, key=kind_order)
    return [list(group) for _, group in grouped]


def _wait_seconds(number: int) -> float:
    longest = min(FIRST_WAIT_SECONDS * 2**number, LONGEST_WAIT_SECONDS)
    return random.uniform(0, longest)  # noqa: S311 - jitter
