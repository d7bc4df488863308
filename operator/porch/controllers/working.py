"""The engine's port `Workers`, on threads.

Merging and marking are pure Python, so threads do not make them faster; they keep the event loop
free, which hands out a few milliseconds at most while they run.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 2  # at once; more would only take turns


class Threads:
    """Runs pure work in threads of its own."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="work")

    async def run(self, work: Callable[[], T]) -> T:
        """The outcome of `work`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)
