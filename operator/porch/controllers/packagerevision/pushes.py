"""Drafts follow into git in the background: nobody waits for it.

One key is pushed at most once at a time, half a second after a change, always with its newest
content. What git then holds is known from the repository's own snapshot, and written down by the
next ordinary pass, which has the one pen for `status`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from porch.engine.seen import Key

QUIET = timedelta(milliseconds=500)  # after a change; the edits of a busy hand make one push


class Pushes:
    """When a push is due, and that nothing else moves a draft's refs while it runs."""

    def __init__(
        self, schedule: Callable[[Key, timedelta], None], look_at: Callable[[Key], None]
    ) -> None:
        self._schedule = schedule  # a push, after a delay
        self._look_at = look_at  # an ordinary pass, which writes down what was pushed
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def due(self, key: Key) -> None:
        """The draft has something that git lacks."""
        self._schedule(key, QUIET)

    def ended(self, key: Key) -> None:
        """Git holds something else now, ours or somebody else's."""
        self._look_at(key)

    @asynccontextmanager
    async def alone(self, key: Key) -> AsyncIterator[None]:
        """While this is held, no background push of the key runs."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield
