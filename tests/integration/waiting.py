"""Waiting for conditions with a deadline, for tests.

A condition is a callable: what it returns is truthy once it holds, and is handed to the caller. An
AssertionError from it means "not yet" and tells, at the deadline, what was missing.
For API objects prefer `porch_devcluster.api.wait_for`, which watches instead of asking again.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar, cast

T = TypeVar("T")

PATIENCE = timedelta(seconds=10)
EVERY = timedelta(milliseconds=20)


async def eventually(
    condition: Callable[[], T | Awaitable[T]], *, within: timedelta = PATIENCE, what: str = ""
) -> T:
    """Await until `condition` (plain or async) is truthy; its value."""
    deadline = time.monotonic() + within.total_seconds()
    while True:
        missing: object = None
        try:
            found = condition()
            value = cast(T, await found if inspect.isawaitable(found) else found)
            if value:
                return value
            missing = value
        except AssertionError as error:
            missing = error
        if time.monotonic() > deadline:
            raise _late(condition, what, within=within, missing=missing)
        await asyncio.sleep(EVERY.total_seconds())


def until(condition: Callable[[], T], *, within: timedelta = PATIENCE, what: str = "") -> T:
    """Block until `condition` is truthy; its value."""
    deadline = time.monotonic() + within.total_seconds()
    while True:
        missing: object = None
        try:
            if value := condition():
                return value
            missing = value
        except AssertionError as error:
            missing = error
        if time.monotonic() > deadline:
            raise _late(condition, what, within=within, missing=missing)
        time.sleep(EVERY.total_seconds())


def _late(
    condition: Callable[[], object], what: str, *, within: timedelta, missing: object
) -> AssertionError:
    name = what or getattr(condition, "__qualname__", repr(condition))
    return AssertionError(f"{name} must hold within {within.total_seconds():g} s; last: {missing}")
