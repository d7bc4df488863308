"""Renders in worker processes that are kept warm, so that nothing blocks the event loop.

Effects: `workers` child processes, fresh interpreters that import only what a render needs. One
that overruns its deadline, whose job is cancelled or which dies is killed, and another is started
in the background; the job that it had fails, the others wait for a worker.
Errors    RenderTimedOut (the package is at fault: permanent), WorkerDied, RenderBroken and PoolFull
          (transient), and RunnerUnavailable (transient).
Bounds    `workers` renders at once; at most `max_waiting` others wait, in order.
Cost      under a millisecond a render beside its own work; see bench/bench_functions.py.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, Self

import msgspec

import porch
from porch.api.functionconfig import FunctionConfigSpec
from porch.errors import Permanent, Transient
from porch.functions.remotesettings import RemoteSettings, RunnerUnavailable
from porch.functions.renderjob import (
    HEADER_BYTES,
    Answer,
    Broken,
    Finished,
    Ready,
    RenderJob,
    Started,
    body_bytes,
    decode_answer,
    encode,
)

_READ_AHEAD_BYTES = 4 << 20
_RESTART_DELAY = 1.0  # seconds between attempts to start a worker that does not come up


class RenderTimedOut(Permanent):
    """A render did not end in time."""

    reason = "RenderFailed"


class WorkerDied(Transient):
    """A worker process ended while it rendered."""

    reason = "WorkerDied"


class RenderBroken(Transient):
    """Something that a render needs is not there at the moment."""

    reason = "RenderBroken"


class PoolFull(Transient):
    """More renders wait already than may."""

    reason = "RenderPoolFull"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How renders run. Environment prefix: PORCH_RENDER_."""

    workers: int = os.cpu_count() or 1
    timeout: timedelta = timedelta(minutes=2)  # of one render, all functions included
    max_waiting: int = 1000  # renders that wait for a worker
    schema_directories: tuple[str, ...] = ()  # where functions may read JSON schemas; () = nowhere


class PoolObserver(Protocol):
    """Is told what the pool does, for metrics."""

    def waiting(self, renders: int) -> None:
        """How many renders wait for a worker now."""
        ...

    def rendered(self, outcome: str, *, waited: float, took: float) -> None:
        """A render ended: `ok`, `failed` or the error's class name; times in seconds."""
        ...

    def replaced(self, why: str) -> None:
        """A worker was killed, and another is being started."""
        ...


class _Unobserved:
    """Tells nobody."""

    def waiting(self, renders: int) -> None:
        """Nobody counts."""

    def rendered(self, outcome: str, *, waited: float, took: float) -> None:
        """Nobody measures."""

    def replaced(self, why: str) -> None:
        """Nobody minds."""


class RenderPool:
    """A number of workers, each with one job at a time. Build it with `open_pool`."""

    def __init__(
        self,
        settings: PoolSettings,
        runner: RemoteSettings,
        observer: PoolObserver,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._observer = observer
        self._tasks = tasks
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._waiting = 0
        self._is_closed = False
        self._starting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the workers; they are warm when this returns."""
        started = (
            _Worker.start(self._runner, self._settings) for _ in range(self._settings.workers)
        )
        for worker in await asyncio.gather(*started):
            self._idle.put_nowait(worker)

    async def render(
        self, texts: Mapping[str, str], *, configs: Sequence[FunctionConfigSpec] = ()
    ) -> Finished:
        """Render a package; a failing function is an outcome, not an exception."""
        clock = asyncio.get_running_loop().time
        queued = clock()
        worker = await self._idle_worker()
        begun = clock()
        outcome = "cancelled"
        try:
            finished = await self._ask(worker, RenderJob(dict(texts), tuple(configs)))
            outcome = "failed" if finished.error else "ok"
        except (Permanent, Transient) as err:
            outcome = type(err).__name__
            raise
        finally:
            self._give_back(worker, outcome)
            self._observer.rendered(outcome, waited=begun - queued, took=clock() - begun)
        return finished

    async def close(self) -> None:
        """Kill the workers; what they render is not needed any more."""
        self._is_closed = True
        for task in self._starting:
            task.cancel()
        while not self._idle.empty():
            await self._idle.get_nowait().end()

    async def _idle_worker(self) -> "_Worker":
        if self._idle.empty() and self._waiting >= self._settings.max_waiting:
            raise PoolFull(f"at most {self._settings.max_waiting} renders may wait for a worker")
        self._waiting += 1
        self._observer.waiting(self._waiting)
        try:
            return await self._idle.get()
        finally:
            self._waiting -= 1
            self._observer.waiting(self._waiting)

    async def _ask(self, worker: "_Worker", job: RenderJob) -> Finished:
        limit = self._settings.timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                answer = await worker.ask(job)
        except TimeoutError as err:
            where = f"function {worker.running!r}" if worker.running else "the render"
            raise RenderTimedOut(
                f"{where} must end within {limit:g} s, and was stopped: make it faster, split the"
                " package, or raise `PORCH_RENDER_TIMEOUT`"
            ) from err
        except (EOFError, OSError) as err:
            where = f"function {worker.running!r}" if worker.running else "no function"
            raise WorkerDied(f"a render worker ended while it ran {where}") from err
        if isinstance(answer, Broken):
            kinds = {RunnerUnavailable.reason: RunnerUnavailable}
            raise kinds.get(answer.reason, RenderBroken)(answer.message)
        return answer

    def _give_back(self, worker: "_Worker", outcome: str) -> None:
        """Make the worker idle again, or replace it when it did not come to the end of its job."""
        if not worker.is_busy and not self._is_closed:
            self._idle.put_nowait(worker)
            return
        worker.kill()
        if not self._is_closed:
            self._observer.replaced(outcome)
        task = self._tasks.create_task(self._replace(worker))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _replace(self, dead: "_Worker") -> None:
        await dead.end()
        while not self._is_closed:
            try:
                self._idle.put_nowait(await _Worker.start(self._runner, self._settings))
            except (OSError, EOFError):
                await asyncio.sleep(_RESTART_DELAY)
            else:
                return


class _Worker:
    """One child process and the pipes to it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.running = ""  # the function that was last said to start
        self.is_busy = False  # a job was sent, and its last answer has not come

    @classmethod
    async def start(cls, runner: RemoteSettings, settings: PoolSettings) -> Self:
        """A worker that is warm. Nothing can be imported from the working directory."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "porch.functions.worker",
            str(os.getpid()),
            msgspec.json.encode(runner),
            *settings.schema_directories,
            stdin=PIPE,
            stdout=PIPE,
            limit=_READ_AHEAD_BYTES,
            env={"PYTHONPATH": str(Path(porch.__path__[0]).parent), "LC_ALL": "C.UTF-8"},
        )
        worker = cls(process)
        try:
            answer = await worker._receive()
        except BaseException:
            worker.kill()
            await worker.end()
            raise
        if not isinstance(answer, Ready):
            raise OSError("a render worker must say that it is ready")
        return worker

    async def ask(self, job: RenderJob) -> Finished | Broken:
        """Send a job and wait for its outcome."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - started with a pipe
        self.running, self.is_busy = "", True
        stdin.write(encode(job))
        await stdin.drain()
        while True:
            answer = await self._receive()
            if isinstance(answer, Started):
                self.running = answer.title
            elif isinstance(answer, Finished | Broken):
                self.is_busy = False
                return answer

    def kill(self) -> None:
        """End the process now."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        self.kill()
        await self._process.communicate()

    async def _receive(self) -> Answer:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - started with a pipe
        header = await stdout.readexactly(HEADER_BYTES)
        return decode_answer(await stdout.readexactly(body_bytes(header)))


@asynccontextmanager
async def open_pool(
    settings: PoolSettings = PoolSettings(),
    *,
    runner: RemoteSettings = RemoteSettings(),
    observer: PoolObserver | None = None,
) -> AsyncGenerator[RenderPool, None]:
    """A warm pool, closed at the end; `runner` runs what is not built in."""
    async with asyncio.TaskGroup() as tasks:
        pool = RenderPool(settings, runner, observer or _Unobserved(), tasks)
        try:
            await pool.start()
            yield pool
        finally:
            await pool.close()
