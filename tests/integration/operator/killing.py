"""A proxy that kills a process at a chosen effect: crash points without any help by the process.

Stands between the operator and both of its outer worlds, the API server and the git server, and
counts the writes that concern one package: requests that change objects (Events and Leases are
not effects) and pushes. At the chosen one the process is killed: the write has been carried out
and its answer is never heard, or it never arrives.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_EFFECTS = ("/apis/events.k8s.io/", "/apis/coordination.k8s.io/", "/git-upload-pack")
_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "content-encoding"})


class Moment(StrEnum):
    """When a process is killed, seen from one of its writes."""

    BEFORE = "before it arrives"
    AFTER = "after it was carried out, before the answer"


@dataclass(frozen=True, slots=True)
class Worlds:
    """Where requests go: those with a git path to git, all others to the API server."""

    api: str
    git: str
    ca: Path


class KillingProxy:
    """A proxy to both worlds; a context manager."""

    def __init__(self, worlds: Worlds, kill: Callable[[], None]) -> None:
        self._worlds = worlds
        self._kill = kill
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._package = b""
        self._point = 0
        self._moment = Moment.AFTER
        self.effects: list[str] = []  # of the package, since it was armed
        self.fired = threading.Event()
        self.url = ""

    def arm(self, package: str, point: int, moment: Moment = Moment.AFTER) -> None:
        """Kill at effect number `point` of this package, counted from now; 0: only count."""
        self.effects = []
        self.fired.clear()
        self._package, self._point, self._moment = package.encode(), point, moment

    def disarm(self) -> None:
        """Only pass on."""
        self.arm("\0", 0)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        tls = ssl.create_default_context(cafile=str(self._worlds.ca))
        self._session = ClientSession(
            connector=TCPConnector(ssl=tls, limit=0),
            timeout=ClientTimeout(total=None),
            auto_decompress=False,
        )
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.1, auto_decompress=False
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not self._is_effect(request, body):
            return await self._pass_on(request, body)
        self.effects.append(f"{request.method} {request.path}")
        if len(self.effects) != self._point:
            return await self._pass_on(request, body)
        if self._moment is Moment.BEFORE:
            self._die(request)
            return web.Response(status=503)
        async with self._forward(request, body) as answer:
            await answer.read()
        self._die(request)
        return web.Response(status=503)

    def _is_effect(self, request: web.Request, body: bytes) -> bool:
        if self.fired.is_set() or request.method not in _WRITES:
            return False
        if any(each in request.path for each in _NOT_EFFECTS):
            return False
        return self._package in request.path.encode() or self._package in body

    def _die(self, request: web.Request) -> None:
        self._kill()
        self.fired.set()
        if request.transport is not None:
            request.transport.abort()

    def _forward(self, request: web.Request, body: bytes):  # type: ignore[no-untyped-def]  # aiohttp's own context
        is_git = ".git/" in request.path
        world = self._worlds.git if is_git else self._worlds.api
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _HOP
        }
        if "Content-Encoding" in request.headers:
            headers["Content-Encoding"] = request.headers["Content-Encoding"]
        return self._session.request(
            request.method, world + request.path_qs, data=body or None, headers=headers
        )

    async def _pass_on(self, request: web.Request, body: bytes) -> web.StreamResponse:
        async with self._forward(request, body) as answer:
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in _HOP}
            if "Content-Encoding" in answer.headers:
                kept["Content-Encoding"] = answer.headers["Content-Encoding"]
            response = web.StreamResponse(status=answer.status, headers=kept)
            try:
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
            except (ConnectionError, asyncio.CancelledError):
                return response  # the client was killed
            return response


def worlds_of(kubeconfig: Path, git: str, directory: Path) -> Worlds:
    """The worlds that a kubeconfig and a git server are."""
    cluster = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]
    ca = directory / "ca.crt"
    ca.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return Worlds(cluster["server"], git, ca)
