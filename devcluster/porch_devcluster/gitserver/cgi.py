"""Running `git http-backend` for one HTTP request: CGI, with both bodies streamed.

Bodies never lie in memory as a whole. A request without a length is read to its end, which the
backend allows. A client that goes away leaves its backend to finish: one killed in the middle of a
push would leave lock files behind, and the repository would refuse every later push.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from aiohttp import ClientError, StreamReader, web
from multidict import CIMultiDict

CHUNK_BYTES = 64 * 1024
END_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Head:
    """What a CGI program says before its body."""

    status: int
    headers: tuple[tuple[str, str], ...]


def parse_head(raw: bytes) -> Head:
    """Headers of a CGI answer; the status is the pseudo-header `Status`, 200 without it."""
    status = int(HTTPStatus.OK)
    headers: list[tuple[str, str]] = []
    for line in raw.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name:
            headers.append((name, value.strip()))
    return Head(status, tuple(headers))


async def answer(
    request: web.Request, *, command: tuple[str, ...], environment: dict[str, str]
) -> web.StreamResponse:
    """Run the backend on a request and stream its answer to the client."""
    backend = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=CHUNK_BYTES,
        start_new_session=True,
    )
    assert backend.stdin is not None  # noqa: S101  # both are pipes, as asked for above
    assert backend.stdout is not None  # noqa: S101
    try:
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(_feed(request.content, backend.stdin))
            response = await _relay(request, backend.stdout)
            feeding.cancel()  # a backend that has answered wants no more
        await backend.wait()
        return response
    finally:
        if backend.returncode is None:
            await _end(backend)


async def _end(backend: asyncio.subprocess.Process) -> None:
    """End a backend and all that it started, because the server stops.

    NB: signals go by `os.killpg`: `Process.kill` would reap the child itself and leave the event
    loop's own waiting in doubt.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(backend.pid, signal.SIGTERM)  # on which git removes its lock files
    try:
        async with asyncio.timeout(END_WITHIN.total_seconds()):
            await backend.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(backend.pid, signal.SIGKILL)
        await backend.wait()


async def _feed(body: StreamReader, stdin: asyncio.StreamWriter) -> None:
    """The request's body to the backend, until either of them is gone."""
    try:
        async for chunk in body.iter_any():
            stdin.write(chunk)
            await stdin.drain()
    except (ConnectionError, ClientError):
        pass  # the backend sees an end that is too early, and says or undoes what that means
    finally:
        stdin.close()


async def _relay(request: web.Request, stdout: asyncio.StreamReader) -> web.StreamResponse:
    """The backend's answer to the client, as it comes."""
    try:
        raw = await stdout.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        text = f"git http-backend must answer with headers, said {error.partial!r}\n"
        return web.Response(status=HTTPStatus.BAD_GATEWAY, text=text)
    head = parse_head(raw)
    response = web.StreamResponse(status=head.status, headers=CIMultiDict(head.headers))
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        while chunk := await stdout.read(CHUNK_BYTES):
            await response.write(chunk)
        await response.write_eof()
    while await stdout.read(CHUNK_BYTES):
        pass  # the client is gone; the backend must not wait for it
    return response
