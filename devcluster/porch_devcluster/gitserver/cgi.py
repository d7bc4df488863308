"""Running `git http-backend` for one HTTP request: CGI, with both bodies streamed.

Bodies never lie in memory as a whole. A request without a length is read to its end, which the
backend allows; a client that goes away takes its backend with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import StreamReader, web
from multidict import CIMultiDict

CHUNK_BYTES = 64 * 1024


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
    )
    assert backend.stdin is not None  # noqa: S101  # both are pipes, as asked for above
    assert backend.stdout is not None  # noqa: S101
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_feed(request.content, backend.stdin))
            response = await _relay(request, backend.stdout)
        await backend.wait()
        return response
    finally:
        if backend.returncode is None:
            _kill(backend.pid)


def _kill(pid: int) -> None:
    """End a backend whose client went away; the event loop reaps it.

    NB: `Process.kill` would reap it itself and leave the loop's own waiting in doubt.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def _feed(body: StreamReader, stdin: asyncio.StreamWriter) -> None:
    """The request's body to the backend; one that stops reading has heard all it wants to."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for chunk in body.iter_any():
            stdin.write(chunk)
            await stdin.drain()
        stdin.close()
        await stdin.wait_closed()


async def _relay(request: web.Request, stdout: asyncio.StreamReader) -> web.StreamResponse:
    """The backend's answer to the client, as it comes."""
    try:
        raw = await stdout.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        text = f"git http-backend must answer with headers, said {error.partial!r}\n"
        return web.Response(status=HTTPStatus.BAD_GATEWAY, text=text)
    head = parse_head(raw)
    response = web.StreamResponse(status=head.status, headers=CIMultiDict(head.headers))
    await response.prepare(request)
    while chunk := await stdout.read(CHUNK_BYTES):
        await response.write(chunk)
    await response.write_eof()
    return response
