"""Renders in worker processes that are kept warm, so that nothing blocks the event loop.

Effects: `size` child processes, started by a fork server that has imported what they need. One
that overruns its deadline, or whose job is cancelled, is killed and replaced; one that dies fails
the job that it had, which may be tried again.
Errors    RenderTimedOut (the package's function is at fault: permanent), WorkerDied (transient).
Bounds    `size` renders at once; the others wait in order.
Cost      about 0.3 ms a render beside its own work.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import TypeAlias

from porch.errors import Permanent, Transient
from porch.functions.worker import Broken, Finished, Started, Texts, serve


class RenderTimedOut(Permanent):
    """A render did not end in time."""

    reason = "RenderFailed"


class WorkerDied(Transient):
    """A worker process ended while it rendered."""

    reason = "WorkerDied"


class RenderBroken(Transient):
    """Something that a render needs is not there at the moment."""

    reason = "RenderBroken"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How renders run. Environment prefix: PORCH_RENDER_."""

    workers: int = os.cpu_count() or 1
    timeout: timedelta = timedelta(minutes=2)  # of one render, all functions included


Answer: TypeAlias = Finished | Broken


class RenderPool:
    """A number of workers, each with one job at a time. Build it with `open_pool`."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["porch.functions.worker"])
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="render")
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()

    async def start(self) -> None:
        """Start the workers, and have each render nothing once, so that the first job is warm."""
        for _ in range(self._settings.workers):
            self._idle.put_nowait(_Worker(self._context))
        await asyncio.gather(*(self.render({}) for _ in range(self._settings.workers)))

    async def render(self, texts: Texts) -> Finished:
        """Render a package; a failing function is an outcome, not an exception."""
        worker = await self._idle.get()
        try:
            answer = await self._ask(worker, texts)
        except BaseException:
            worker.kill()
            worker = _Worker(self._context)
            raise
        finally:
            self._idle.put_nowait(worker)
        if isinstance(answer, Broken):
            raise RenderBroken(answer.message)
        return answer

    def close(self) -> None:
        """Kill the workers; what they render is not needed any more."""
        while not self._idle.empty():
            self._idle.get_nowait().kill()
        self._threads.shutdown(wait=False)

    async def _ask(self, worker: "_Worker", texts: Texts) -> Answer:
        loop = asyncio.get_running_loop()
        limit = self._settings.timeout.total_seconds()
        job = loop.run_in_executor(self._threads, worker.ask, texts)
        try:
            async with asyncio.timeout(limit):
                return await asyncio.shield(job)
        except TimeoutError as err:
            worker.kill()
            where = f"function {worker.running!r}" if worker.running else "the render"
            words = f"{where} must end within {limit:.0f} s, and was stopped"
            raise RenderTimedOut(words) from err
        except (EOFError, OSError) as err:
            raise WorkerDied(f"a render worker ended (exit code {worker.exit_code})") from err


class _Worker:
    """One child process and the pipe to it."""

    def __init__(self, context: ForkServerContext) -> None:
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process: ForkServerProcess = context.Process(
            target=serve, args=(theirs,), daemon=True, name="porch-render"
        )
        self._process.start()
        theirs.close()
        self.running = ""  # the function that was last said to start

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.exitcode

    def ask(self, texts: Texts) -> Answer:
        """Send a job and wait for its answer; blocking."""
        self.running = ""
        self._pipe.send(texts)
        while True:
            answer = self._pipe.recv()
            if isinstance(answer, Started):
                self.running = answer.title
                continue
            assert isinstance(answer, Finished | Broken)  # noqa: S101 - our own worker's protocol
            return answer

    def kill(self) -> None:
        """End the process; whoever waits for an answer hears of it."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


@asynccontextmanager
async def open_pool(settings: PoolSettings | None = None) -> AsyncGenerator[RenderPool, None]:
    """A warm pool, closed at the end."""
    pool = RenderPool(settings or PoolSettings())
    try:
        await pool.start()
        yield pool
    finally:
        pool.close()
