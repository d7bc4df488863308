"""What the kubelet and Prometheus ask: /healthz, /readyz and /metrics.

Live      the watches were heard of lately and no pass runs for ever; "HTTP answers" proves little.
Ready     everything was listed once and the Lease is held, or another replica holds it.
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry

from porch.controllers.operator import Operator
from porch.runtime.metrics import CONTENT_TYPE, exposition

LONGEST_PASS = timedelta(minutes=10)  # a publication may wait for a slow git server
LONGEST_SILENCE = timedelta(minutes=10)  # of a watch; bookmarks and restarts are far more often


@dataclass(frozen=True, slots=True)
class Health:
    """The state that the answers are made of."""

    operator: Operator
    is_ready: Callable[[], bool]
    heard_at: Callable[[], dict[str, float]]  # time.monotonic() of the last news, by kind

    def problems(self) -> list[str]:
        """Why the process should be restarted; none when it works."""
        found = [
            f"a pass of {queue.name} runs for {progress.oldest}"
            for queue in self.operator.queues
            if (progress := queue.progress()).oldest > LONGEST_PASS
        ]
        now = time.monotonic()
        silent = LONGEST_SILENCE.total_seconds()
        found += [
            f"nothing was heard of {kind} for {now - heard:.0f} s"
            for kind, heard in self.heard_at().items()
            if now - heard > silent
        ]
        return found


@asynccontextmanager
async def serving(
    health: Health, registry: CollectorRegistry, *, ports: tuple[int, int]
) -> AsyncGenerator[None, None]:
    """Answer probes on the first port and figures on the second while the context is open."""

    async def healthz(_: web.Request) -> web.Response:
        problems = health.problems()
        return web.Response(status=500 if problems else 200, text="\n".join(problems) or "ok")

    async def readyz(_: web.Request) -> web.Response:
        ready = health.is_ready()
        return web.Response(status=200 if ready else 503, text="ok" if ready else "not yet")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=exposition(registry), headers={"Content-Type": CONTENT_TYPE})

    probes, figures = web.Application(), web.Application()
    probes.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    figures.add_routes([web.get("/metrics", metrics)])
    async with _site(probes, ports[0]), _site(figures, ports[1]):
        yield


@asynccontextmanager
async def _site(application: web.Application, port: int) -> AsyncGenerator[None, None]:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield
    finally:
        await runner.cleanup()
