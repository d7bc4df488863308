"""Showing that a long step is alive: one changing line on a terminal, a line now and then in a log.

Writes to standard error only, so that output which is meant to be piped stays clean.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import Protocol

LOG_EVERY = timedelta(seconds=15)  # a log keeps every line: often enough to look alive


class Progress(Protocol):
    """Where a long step says how far it is."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def update(self, text: str) -> None:
        """The present state; may be dropped or overwritten."""


class LineProgress:
    """For logs and CI: lasting lines as they come, states at most every `LOG_EVERY`."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def update(self, text: str) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOG_EVERY.total_seconds()
            self.say(text)


class TerminalProgress:
    """For people: the state is one line that is written over."""

    def __init__(self) -> None:
        self._open = False

    def say(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self._open else text, file=sys.stderr, flush=True)
        self._open = False

    def update(self, text: str) -> None:
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        self._open = True


def progress_for_this_output() -> Progress:
    """The way that fits standard error as it is now."""
    return TerminalProgress() if sys.stderr.isatty() else LineProgress()
