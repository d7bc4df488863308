"""A work queue of keys: what changed is looked at, once, as soon as possible.

Rules     one key is never worked on twice at once; a key that is added while it is worked on is
          looked at again afterwards; a key that is added many times before is looked at once.
          Nothing that was added is forgotten while the queue runs.
Outcome   `reconcile` returns DONE or `Result(after)`; an error's disposition decides otherwise:
          RETRY  again after a wait that doubles, with full jitter, for ever
          WAIT   again after a fixed wait, or when the key is added
          STALL  not before the key is added
          An exception that is not a PorchError is our bug: logged with its trace, then as RETRY.
          A key that is added is looked at at once, whatever it was waiting for.
Values    durations are timedeltas; time is the event loop's clock.
Bounds    one entry a key that waits or runs; `workers` run at once.
Cost      about 10 microseconds a pass beside the work itself.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from porch.errors import Disposition, PorchError
from porch.runtime.apierrors import ApiError
from porch.runtime.metrics import QueueMeter

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """How hard one queue works. Environment prefix: PORCH_QUEUE_."""

    workers: int = 32  # keys worked on at once
    first_backoff: timedelta = timedelta(milliseconds=50)  # mean of the first wait is half of it
    longest_backoff: timedelta = timedelta(minutes=5)
    wait: timedelta = timedelta(seconds=15)  # until a WAIT is looked at again
    drain: timedelta = timedelta(seconds=20)  # what runs at a stop may take this long to end


@dataclass(frozen=True, slots=True)
class Result:
    """What a pass wants next."""

    after: timedelta | None = None  # look again then; None: not before the key is added


DONE = Result()


class Outcome(StrEnum):
    """How a pass ended, as metrics tell it."""

    DONE = "done"
    AGAIN = "again"
    RETRY = "retry"
    WAIT = "wait"
    STALL = "stall"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Progress:
    """Whether the queue moves; what liveness is judged by."""

    waiting: int  # keys that could be worked on now
    running: int
    oldest: timedelta  # how long the longest running pass runs, zero when none runs
    since_end: timedelta  # since a pass ended, or since the queue was started


class _Entry:
    """One key that waits, runs, or will be looked at again."""

    __slots__ = ("added_at", "again", "failures", "later", "missed", "queued", "started_at")

    def __init__(self) -> None:
        self.queued = False  # in the line
        self.added_at = 0.0  # when it entered the line
        self.started_at: float | None = None  # None while it does not run
        self.missed = False  # was added while it ran
        self.failures = 0  # in a row
        self.again: asyncio.TimerHandle | None = None  # what the last pass asked for
        self.later: asyncio.TimerHandle | None = None  # what `add_after` asked for

    def is_idle(self) -> bool:
        return not (self.queued or self.missed or self.failures or self.again or self.later)


class WorkQueue(Generic[K]):
    """Keys in, passes of `reconcile` out. Lives in one event loop; `run` owns its tasks."""

    def __init__(
        self,
        name: str,
        reconcile: Callable[[K], Awaitable[Result]],
        *,
        meter: QueueMeter,
        settings: QueueSettings | None = None,
    ) -> None:
        self.name = name
        self._reconcile = reconcile
        self._settings = settings or QueueSettings()
        self._meter = meter
        self._entries: dict[K, _Entry] = {}
        self._line: asyncio.Queue[K | None] = asyncio.Queue()  # None ends one worker
        self._running: dict[K, float] = {}  # in the order of their start
        self._stopping = asyncio.Event()
        self._ended_at = 0.0

    def add(self, key: K) -> None:
        """Look at this key as soon as a worker is free."""
        entry = self._entry(key)
        if entry.queued:
            return
        if entry.started_at is not None:
            entry.missed = True
            return
        self._enqueue(key, entry)

    def add_after(self, key: K, delay: timedelta) -> None:
        """Look at this key after a while; of several wishes the earliest counts."""
        entry = self._entry(key)
        loop = asyncio.get_running_loop()
        due = loop.time() + delay.total_seconds()
        if entry.later is not None:
            if entry.later.when() <= due:
                return
            entry.later.cancel()
        entry.later = loop.call_at(due, self._later, key, entry)

    def __len__(self) -> int:
        """Keys that could be worked on now."""
        return self._line.qsize()

    async def run(self) -> None:
        """Work until `stop`; what runs then is given `drain` to end, and is cancelled after."""
        self._ended_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as workers:
                tasks = [
                    workers.create_task(self._work(), name=f"{self.name}-{number}")
                    for number in range(self._settings.workers)
                ]
                workers.create_task(self._cut_off(tasks), name=f"{self.name}-drain")
        finally:
            self._forget_timers()

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what runs has ended."""
        self._stopping.set()
        self._line.put_nowait(None)

    def progress(self) -> Progress:
        now = asyncio.get_running_loop().time()
        oldest = next(iter(self._running.values()), now)
        return Progress(
            waiting=len(self),
            running=len(self._running),
            oldest=timedelta(seconds=now - oldest),
            since_end=timedelta(seconds=now - self._ended_at),
        )

    def _entry(self, key: K) -> _Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
        return entry

    def _enqueue(self, key: K, entry: _Entry) -> None:
        entry.queued = True
        entry.added_at = asyncio.get_running_loop().time()
        self._line.put_nowait(key)
        self._meter.depth(self._line.qsize())

    def _again(self, key: K, entry: _Entry) -> None:
        entry.again = None
        self.add(key)

    def _later(self, key: K, entry: _Entry) -> None:
        entry.later = None
        self.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._line.get()
            if key is None or self._stopping.is_set():
                self._line.put_nowait(None)  # for the next worker
                return
            await self._pass(key)

    async def _pass(self, key: K) -> None:
        entry = self._entries[key]
        now = asyncio.get_running_loop().time()
        entry.queued = False
        entry.started_at = self._running[key] = now
        if entry.again is not None:
            entry.again.cancel()
            entry.again = None
        self._meter.started(depth=self._line.qsize(), waited=now - entry.added_at)
        outcome = Outcome.BUG
        try:
            outcome, delay = await self._outcome(key, entry)
        finally:
            del self._running[key]
            entry.started_at = None
            self._ended_at = asyncio.get_running_loop().time()
            self._meter.ended(outcome, took=self._ended_at - now)
        self._next(key, entry, delay)

    async def _outcome(self, key: K, entry: _Entry) -> tuple[Outcome, float | None]:
        """How the pass ended, and after how many seconds it is due again."""
        try:
            result = await self._reconcile(key)
        except PorchError as err:
            return self._failed(key, entry, [err])
        except ExceptionGroup as group:
            return self._failed(key, entry, list(_leaves(group)))
        except Exception:
            logger.exception("pass ended in a bug", extra={"queue": self.name, "key": str(key)})
            return Outcome.BUG, self._backoff(entry)
        entry.failures = 0
        if result.after is None:
            return Outcome.DONE, None
        return Outcome.AGAIN, result.after.total_seconds()

    def _failed(
        self, key: K, entry: _Entry, errors: list[Exception]
    ) -> tuple[Outcome, float | None]:
        """The error that makes the key due soonest decides."""
        facts = {"queue": self.name, "key": str(key)}
        known = [err for err in errors if isinstance(err, PorchError)]
        if len(known) < len(errors):
            bug = next(err for err in errors if not isinstance(err, PorchError))
            logger.error("pass ended in a bug", extra=facts, exc_info=bug)
            return Outcome.BUG, self._backoff(entry)
        urgent = min(known, key=lambda err: _URGENCY.index(err.disposition))
        facts |= {"reason": urgent.reason, "error": str(urgent)}
        match urgent.disposition:
            case Disposition.RETRY:
                logger.info("pass is retried", extra=facts)
                return Outcome.RETRY, max(self._backoff(entry), _wish(urgent))
            case Disposition.WAIT:
                entry.failures = 0
                logger.info("pass waits", extra=facts)
                return Outcome.WAIT, max(self._settings.wait.total_seconds(), _wish(urgent))
            case Disposition.STALL:
                entry.failures = 0
                logger.warning("pass is stalled", extra=facts)
                return Outcome.STALL, None

    def _backoff(self, entry: _Entry) -> float:
        """Seconds; full jitter, so that what failed together does not come back together."""
        first = self._settings.first_backoff.total_seconds()
        longest = self._settings.longest_backoff.total_seconds()
        entry.failures += 1
        span = min(longest, first * 2.0 ** min(entry.failures - 1, 40))
        return random.uniform(0, span)  # noqa: S311 (jitter is no secret)

    def _next(self, key: K, entry: _Entry, delay: float | None) -> None:
        if entry.missed:
            entry.missed = False
            self._enqueue(key, entry)
        elif delay is not None:
            loop = asyncio.get_running_loop()
            entry.again = loop.call_later(delay, self._again, key, entry)
        elif entry.is_idle():
            del self._entries[key]

    async def _cut_off(self, workers: list[asyncio.Task[None]]) -> None:
        """Cancel the workers that are still busy when the drain is over."""
        await self._stopping.wait()
        _, busy = await asyncio.wait(workers, timeout=self._settings.drain.total_seconds())
        for worker in busy:
            worker.cancel()

    def _forget_timers(self) -> None:
        for entry in self._entries.values():
            for timer in (entry.again, entry.later):
                if timer is not None:
                    timer.cancel()


_URGENCY = (Disposition.RETRY, Disposition.WAIT, Disposition.STALL)


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for err in group.exceptions:
        if isinstance(err, ExceptionGroup):
            yield from _leaves(err)
        else:
            yield err


def _wish(err: PorchError) -> float:
    """Seconds that the other side asks us to stay away; zero when it does not."""
    wish = err.retry_after if isinstance(err, ApiError) else None
    return wish.total_seconds() if wish is not None else 0.0
