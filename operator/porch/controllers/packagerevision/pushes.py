"""Drafts follow into git in the background: nobody waits for it.

One key is pushed at most once at a time, a moment after its last change, always with its newest
content. What was pushed is remembered here and written by the next ordinary pass, which has the
one pen for `status`; forgotten after a crash, a push is repeated and git finds nothing to do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from porch.engine.seen import Key, Pushed
from porch.kpt.content import Digest

QUIET = timedelta(milliseconds=200)  # after the last change; several edits make one push


class Pushes:
    """What is due, what is being pushed, what was pushed."""

    def __init__(
        self, schedule: Callable[[Key, timedelta], None], look_at: Callable[[Key], None]
    ) -> None:
        self._schedule = schedule  # a push, after a delay
        self._look_at = look_at  # an ordinary pass, which writes down what was pushed
        self._pushed: dict[Key, Pushed] = {}
        self._diverged: dict[Key, Digest] = {}
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def due(self, key: Key) -> None:
        """The draft has something that git lacks."""
        self._schedule(key, QUIET)

    def done(self, key: Key, pushed: Pushed) -> None:
        """Git holds this now."""
        self._pushed[key] = pushed
        self._diverged.pop(key, None)
        self._look_at(key)

    def diverged(self, key: Key, digest: Digest) -> None:
        """Somebody else gave the branch this content, while ours was not pushed yet."""
        self._diverged[key] = digest
        self._look_at(key)

    def foreign(self, key: Key) -> Digest | None:
        """The content of `diverged`, if any."""
        return self._diverged.get(key)

    def known(self, key: Key) -> Pushed | None:
        """What git was last found or made to hold, by this process."""
        return self._pushed.get(key)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._pushed.pop(key, None)
        self._diverged.pop(key, None)

    @asynccontextmanager
    async def alone(self, key: Key) -> AsyncIterator[None]:
        """While this is held, no background push of the key runs."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield
