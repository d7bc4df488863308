"""A registry that answers as a test wants: what a well-behaved one cannot be brought to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from porch_devcluster.images import MANIFEST, Image, digest_of

Answer = Callable[[web.Request], Awaitable[web.StreamResponse | None]]  # None: as it should


@dataclass(slots=True)
class OddRegistry:
    """One image under every name and tag; `answer` may say something else."""

    answer: Answer
    host: str = ""
    asked: list[str] = field(default_factory=list)  # METHOD and path
    config: bytes = field(default_factory=lambda: Image(entrypoint=("/fn",)).config(b""))

    @property
    def image(self) -> str:
        return f"{self.host}/fn:v1"

    @property
    def manifest(self) -> bytes:
        return json.dumps({"config": {"digest": digest_of(self.config)}}).encode()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(f"{request.method} {request.path}")
        odd = await self.answer(request)
        if odd is not None:
            return odd
        if "/blobs/" in request.path:
            return web.Response(body=self.config)
        headers = {"Docker-Content-Digest": digest_of(self.manifest)}
        return web.Response(body=self.manifest, content_type=MANIFEST, headers=headers)


@asynccontextmanager
async def odd_registry(answer: Answer) -> AsyncIterator[OddRegistry]:
    """It listens until the end of the block."""
    registry = OddRegistry(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        registry.host = f"127.0.0.1:{runner.addresses[0][1]}"
        yield registry
    finally:
        await runner.cleanup()
