"""A scripted API server on the loopback: answers as told, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web

from porch.runtime.client import Client, ClientSettings, connect
from porch.runtime.connection import Connection, Credentials, FixedHeader

Answer = web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Script:
    """What the server is to answer, in order; the last answer is repeated."""

    answers: list[Answer]
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, web.Response):
            return web.Response(
                status=answer.status,
                body=answer.body if isinstance(answer.body, bytes) else b"",
                headers=answer.headers,
            )
        return await answer(request)


def lines(*events: str, then: Callable[[], Awaitable[None]] | None = None) -> Answer:
    """A watch that sends these events and then ends, or does something else first."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for event in events:
            await response.write(event.encode() + b"\n")
        if then is not None:
            await then()
        return response

    return answer


async def hang() -> None:
    """Stay silent until the client goes away."""
    await asyncio.Event().wait()


@asynccontextmanager
async def serving(
    *answers: Answer, settings: ClientSettings | None = None, as_: Credentials | None = None
) -> AsyncIterator[tuple[Client, Script]]:
    """A client of a server that answers so."""
    script = Script(list(answers))
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/{path:.*}", script.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    connection = Connection(f"http://{host}:{port}", as_ or FixedHeader("Bearer t0ken"))
    try:
        async with connect(replace(connection), settings) as client:
            yield client, script
    finally:
        await runner.cleanup()
