"""Liveness, readiness and metrics over HTTP.

Paths     /healthz: 200 while every check of liveness passes, else 503 and a restart by the kubelet
          /readyz:  the same for readiness; /metrics: Prometheus. Bodies name each check.
          `pages` of the caller's, answered as JSON.
Meaning   alive = the watches hear something (bookmarks come each minute) and no pass hangs;
          it is answered by the loop that does the work, so a blocked loop is not alive either.
I/O       listens on one port; nothing secret is served and nothing can be changed.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import MappingProxyType

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from porch.runtime.metrics import CONTENT_TYPE, exposition
from porch.runtime.queue import Progress

Check = Callable[[], str]  # what is wrong, "" for nothing


def hears(heard_at: Callable[[], float], *, within: timedelta) -> Check:
    """That something was heard (time.monotonic()) not longer ago than `within`."""

    def check() -> str:
        silent = timedelta(seconds=round(time.monotonic() - heard_at()))
        return f"nothing heard for {silent}" if silent > within else ""

    return check


def moves(progress: Callable[[], Progress], *, within: timedelta) -> Check:
    """That no pass runs longer than `within`, and that waiting keys are being worked on."""

    def check() -> str:
        now = progress()
        if now.oldest > within:
            return f"a pass runs for {now.oldest}"
        if now.waiting and not now.running and now.since_end > within:
            return f"{now.waiting} keys wait and nobody works"
        return ""

    return check


def happened(event: asyncio.Event, *, what: str) -> Check:
    """That `event` is set."""
    return lambda: "" if event.is_set() else f"{what} has not happened yet"


@asynccontextmanager
async def serve(
    port: int,
    *,
    live: Mapping[str, Check],
    ready: Mapping[str, Check],
    registry: CollectorRegistry,
    pages: Mapping[str, Callable[[], object]] = MappingProxyType({}),
    host: str = "0.0.0.0",  # noqa: S104 (the kubelet and Prometheus come from outside the pod)
) -> AsyncGenerator[int, None]:
    """Answer until the end of the block; the value is the port, of choice when 0 was asked."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=exposition(registry), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/healthz", _answer(live))
    app.router.add_get("/readyz", _answer(ready))
    app.router.add_get("/metrics", metrics)
    for path, page in pages.items():
        app.router.add_get(path, _json(page))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _answer(checks: Mapping[str, Check]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        wrong = {name: check() for name, check in checks.items()}
        lines = [f"[-] {name}: {why}" if why else f"[+] {name}" for name, why in wrong.items()]
        status = 503 if any(wrong.values()) else 200
        return web.Response(status=status, text="\n".join(lines) + "\n")

    return answer


def _json(page: Callable[[], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(page()), content_type="application/json")

    return answer
