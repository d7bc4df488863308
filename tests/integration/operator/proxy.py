"""A proxy between the operator and both of its outer worlds, the API server and the git server.

Every request is shown to a meddler, which says what becomes of it. The operator needs no help for
it and does not know of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web

_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Worlds:
    """Where requests go: those with a git path to git, all others to the API server."""

    api: str
    git: str
    ca: Path


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the operator."""

    method: str
    path: str
    body: bytes
    is_watch: bool


@dataclass(frozen=True, slots=True)
class Treatment:
    """What becomes of a request."""

    delay: float = 0  # seconds before it goes on; others overtake it meanwhile
    arrivals: int = 1  # 0: it never arrives; 2: it arrives twice
    is_answered: bool = True  # False: the connection ends before the answer
    lasts: float | None = None  # seconds until an answer under way is cut; None: it ends by itself
    afterwards: Callable[[], None] | None = None  # what happens once it has arrived


PASS = Treatment()

Meddler = Callable[[Asked], Treatment]


class Proxy:
    """Passes everything on, as the meddler lets it; a context manager."""

    def __init__(self, worlds: Worlds, meddler: Meddler) -> None:
        self._worlds = worlds
        self._meddler = meddler
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.url = ""

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
        is_watch = request.query.get("watch") in ("1", "true")
        treatment = self._meddler(Asked(request.method, request.path, body, is_watch))
        if treatment.delay:
            await asyncio.sleep(treatment.delay)
        try:
            return await self._treat(request, body, treatment)
        except ClientError:
            return _cut(request)  # the world beyond is away

    async def _treat(
        self, request: web.Request, body: bytes, treatment: Treatment
    ) -> web.StreamResponse:
        unheard = treatment.arrivals - (1 if treatment.is_answered else 0)
        for _ in range(unheard):
            async with self._forward(request, body) as answer:
                await answer.read()
        if treatment.afterwards is not None:
            treatment.afterwards()
        if not treatment.is_answered:
            return _cut(request)
        try:
            async with asyncio.timeout(treatment.lasts):
                return await self._pass_on(request, body)
        except TimeoutError:
            return _cut(request)

    @asynccontextmanager
    async def _forward(self, request: web.Request, body: bytes) -> AsyncIterator[ClientResponse]:
        world = self._worlds.git if ".git/" in request.path else self._worlds.api
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _HOP
        }
        if "Content-Encoding" in request.headers:
            headers["Content-Encoding"] = request.headers["Content-Encoding"]
        async with self._session.request(
            request.method, world + request.path_qs, data=body or None, headers=headers
        ) as answer:
            yield answer

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
            except ConnectionError:
                pass  # the operator was killed, or gave up
            return response


def worlds_of(kubeconfig: Path, git: str, directory: Path) -> Worlds:
    """The worlds that a kubeconfig and a git server are."""
    cluster = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]
    ca = directory / "ca.crt"
    ca.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return Worlds(cluster["server"], git, ca)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
