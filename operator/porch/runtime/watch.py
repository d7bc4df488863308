"""The changes of a collection, as they happen, for as long as the caller listens.

I/O       the network. A watch that the server ends, that breaks or that falls silent is resumed
          from the last version seen, after a wait with jitter that grows while attempts fail.
Values    `Changed` carries the object and its version; `Bookmark` a version alone, which also
          proves that the stream lives (about one a minute).
Errors    Expired: too much was missed, list again. NotFound, Forbidden, Malformed and the like
          are the caller's; Transient ones are waited out here.
Source    https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from porch.runtime.apierrors import (
    Malformed,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    refusal,
)
from porch.runtime.calls import Call
from porch.runtime.client import EVERYTHING, Client, Form, Selection, decoder_of
from porch.runtime.resources import Resource

T = TypeVar("T")
_FIRST_WAIT = 0.1  # seconds


class Change(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """An object is new, different or gone; of a gone one, `object` is its last state."""

    change: Change
    object: T
    resource_version: str


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Everything up to this version has been told."""

    resource_version: str


class _Version(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Versioned(msgspec.Struct):
    metadata: _Version


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


_line_decoder = msgspec.json.Decoder(_Line)
_version_decoder = msgspec.json.Decoder(_Versioned)


async def watch(
    client: Client,
    resource: Resource,
    selection: Selection = EVERYTHING,
    *,
    since: str,
    into: type[T],
    form: Form = Form.WHOLE,
) -> AsyncGenerator[Changed[T] | Bookmark, None]:
    """Every change after version `since` (of a list), in order, without end."""
    decoder = decoder_of(into)
    failures = 0
    while True:
        call = _call(client, resource, selection, since=since, form=form)
        try:
            async with aclosing(_lines(client, call)) as lines:
                async for line in lines:
                    event = _event(call, line, decoder)
                    since = event.resource_version
                    failures = 0
                    yield event
        except (TooManyRequests, Unauthorized, Unavailable) as err:
            failures += 1
            await asyncio.sleep(_wait(client, failures, err.retry_after))
        else:
            failures += 1  # until an event shows that the stream is a good one
            await asyncio.sleep(_wait(client, failures, None))


def _call(
    client: Client, resource: Resource, selection: Selection, *, since: str, form: Form
) -> Call:
    query = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": since,
        "timeoutSeconds": str(round(client.settings.watch_timeout.total_seconds())),
    } | selection.query()
    return Call("GET", resource.collection_path(selection.namespace), urlencode(query), accept=form)


async def _lines(client: Client, call: Call) -> AsyncGenerator[bytes, None]:
    """One line an event; ends when the server ends the watch, or when it falls silent."""
    silence = client.settings.watch_silence.total_seconds()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(silence) as scope, client.transport.stream(call) as pieces:
            cutter = _Lines(limit=client.settings.max_answer_bytes)
            async for piece in pieces:
                scope.reschedule(None)  # the caller's time does not count
                for line in cutter.cut(piece):
                    yield line
                scope.reschedule(loop.time() + silence)
    except TimeoutError:
        return


class _Lines:
    """Cuts pieces into lines; never searches a byte twice, as a line may be megabytes long."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit  # bytes of one line
        self._rest: list[bytes] = []
        self._size = 0

    def cut(self, piece: bytes) -> list[bytes]:
        *lines, tail = piece.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest, self._size = [], 0
        if tail:
            self._rest.append(tail)
            self._size += len(tail)
        if self._size > self._limit:
            raise TooLarge(f"an event must not exceed {self._limit} bytes")
        return lines


def _event(call: Call, line: bytes, decoder: msgspec.json.Decoder[T]) -> Changed[T] | Bookmark:
    try:
        event = _line_decoder.decode(line)
        if event.type == "ERROR":
            raise _error(call, event.object)
        version = _version_decoder.decode(event.object).metadata.resource_version
        if event.type == "BOOKMARK":
            return Bookmark(version)
        return Changed(Change(event.type), decoder.decode(event.object), version)
    except (msgspec.DecodeError, ValueError) as err:
        raise Malformed(f"{call}: an event must be of the type asked for: {err}") from err


def _error(call: Call, status: msgspec.Raw) -> Exception:
    return refusal(
        str(call), code=_code_decoder.decode(status).code, body=bytes(status), headers={}
    )


class _Code(msgspec.Struct):
    code: int = 500


_code_decoder = msgspec.json.Decoder(_Code)


def _wait(client: Client, failures: int, wish: timedelta | None) -> float:
    """Seconds, with full jitter so that clients do not come back together."""
    longest = client.settings.watch_backoff.total_seconds()
    least = wish.total_seconds() if wish is not None else 0.0
    span = min(longest, _FIRST_WAIT * 2.0 ** min(failures, 16))
    return least + random.uniform(0, span)  # noqa: S311 (jitter is no secret)
