"""The `porch-operator` program: settings from the environment, parts from settings, then run.

Made to be killed: nothing is kept on disk but a clone of each repository, which is a cache. SIGTERM
lets the passes that run end and releases the Lease. Exit codes: 0 after SIGTERM, 1 when a part
cannot start or the Lease was lost, 2 for bad settings or no way to the API server.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import uvloop
from prometheus_client import CollectorRegistry

from porch.api.conditions import Reason
from porch.controllers import pushevents
from porch.controllers.installation import foreign_installation
from porch.controllers.operator import Operator, Parts, SystemClock
from porch.controllers.pushevents import PushEvents
from porch.controllers.repositoryadapters import RepositoryAdapters
from porch.controllers.settings import OperatorSettings, PushEventSettings
from porch.controllers.upstreams import GitUpstreams
from porch.controllers.working import Threads
from porch.errors import PorchError
from porch.functions.pool import open_pool
from porch.runtime.client import Client, PartialObject, connect
from porch.runtime.connection import BadConnection, Connection, load_connection
from porch.runtime.events import EventMetrics, EventRecorder
from porch.runtime.health import Check, happened, hears, moves, serve
from porch.runtime.lease import Lease
from porch.runtime.logs import configure
from porch.runtime.metrics import QueueMetrics, new_registry
from porch.runtime.reflector import Reflector
from porch.runtime.resources import ObjectKey
from porch.runtime.settings import BadSettings, load
from porch.runtime.watching import Watching
from porch.storage.git.foreign import ForeignPackages, Limits

logger = logging.getLogger(__name__)

LEASE = "porch-operator"
FOREIGN_AGAIN = timedelta(seconds=10)  # until another installation is looked for again
LONGEST_PASS = timedelta(minutes=10)  # a publication may wait for a slow git server
LONGEST_SILENCE = timedelta(minutes=10)  # of a watch; bookmarks and restarts are far more often


def main() -> None:
    """Run until SIGTERM; the exit code says how it ended."""
    try:
        settings = load(OperatorSettings, os.environ)
        connection = load_connection(os.environ)
    except (BadSettings, BadConnection) as err:
        sys.exit(_complaint(str(err)))
    configure(level=settings.log_level, form=settings.log_format)
    sys.exit(uvloop.run(_run(settings, connection)))


async def _run(settings: OperatorSettings, connection: Connection) -> int:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(connection, settings.client))
        rendering = open_pool(settings.render, runner=settings.runner)
        pool = await stack.enter_async_context(rendering)
        registry = new_registry()
        identity = settings.identity or f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        lease = await _lease(stack, settings, connection=connection, identity=identity)
        recorder = EventRecorder(
            client,
            controller="porch.kpt.dev/operator",
            instance=identity,
            metrics=EventMetrics(registry),
        )
        adapters = RepositoryAdapters(
            client,
            settings.cache_directory,
            timeout=settings.repository.timeout,
            ca_bundles=settings.repository.ca_bundles,
            now=SystemClock().now,
        )
        stack.push_async_callback(adapters.close)
        threads = Threads()
        stack.callback(threads.close)
        operator = Operator(
            Parts(
                client=client,
                pool=pool,
                recorder=recorder,
                open_repository=adapters.open,
                upstreams=_upstreams(settings, adapters),
                workers=threads,
                metrics=QueueMetrics(registry),
                may_write=lease.check,
                poll=settings.repository.poll,
                flush_limit=settings.repository.flush_limit,
                queue=settings.queue,
                content=settings.content,
                function_namespaces=frozenset(
                    {settings.lease_namespace, settings.functions_namespace}
                ),
                namespaces=settings.namespaces,
            )
        )
        stack.push_async_callback(operator.homes.close)
        await _receive_events(stack, settings.push_events, operator, lease)
        process = _Process(settings.port, client, operator=operator, lease=lease, recorder=recorder)
        return await process.run(registry)


async def _lease(
    stack: AsyncExitStack, settings: OperatorSettings, *, connection: Connection, identity: str
) -> Lease:
    """The Lease, by connections of its own: a renewal must not stand in line behind the work."""
    client = await stack.enter_async_context(connect(connection, settings.client))
    key = ObjectKey(settings.lease_namespace, LEASE)
    return Lease(client, key, identity=identity, settings=settings.lease)


async def _receive_events(
    stack: AsyncExitStack, settings: PushEventSettings, operator: Operator, lease: Lease
) -> None:
    """Receive push events until the end of the process, if it is to be."""
    if settings.port is None:
        return
    events = PushEvents(
        repositories=operator.repositories,
        look_at=operator.repository_queue.add,
        secret_file=settings.secret_file,
        is_working=lambda: lease.remaining() > timedelta(),
    )
    port = await stack.enter_async_context(pushevents.serve(settings.port, events.receive))
    logger.info("push events are received", extra={"port": port})


def _upstreams(settings: OperatorSettings, secrets: RepositoryAdapters) -> GitUpstreams:
    limits = Limits(clones=settings.upstream.clones, clone_bytes=2 * settings.upstream.max_bytes)
    return GitUpstreams(
        packages=ForeignPackages(settings.cache_directory / "upstreams", limits),
        secrets=secrets,
        settings=settings.upstream,
        now=SystemClock().now,
    )


class _Process:
    """The tasks of the operator, and in which order they begin and end."""

    def __init__(
        self,
        port: int,
        client: Client,
        *,
        operator: Operator,
        lease: Lease,
        recorder: EventRecorder,
    ) -> None:
        self._port = port
        self._client = client
        self._foreign = "not looked at yet"  # who else serves our kinds
        self._operator = operator
        self._lease = lease
        self._recorder = recorder
        self._watching: Watching = operator.watching()
        self._reflectors = operator.reflectors()
        self._stop = asyncio.Event()

    async def run(self, registry: CollectorRegistry) -> int:
        """Serve the probes, lead when it is our turn; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        probes = serve(self._port, live=self._live(), ready=self._ready(), registry=registry)
        async with probes, asyncio.TaskGroup() as group:
            if not await self._unless_stopped(self._alone()):
                return 0
            leading = group.create_task(self._lease.run())
            lost = False
            if await self._unless_stopped(self._lease.acquired()):
                lost = await self._work()
            leading.cancel()
        return 1 if lost else 0

    async def _alone(self) -> None:
        """Wait until nobody else serves our kinds."""
        before = ""
        while True:
            try:
                self._foreign = await foreign_installation(self._client)
            except PorchError as err:
                self._foreign = f"it cannot be found out whether the kinds are ours: {err}"
            if not self._foreign:
                return
            if self._foreign != before:
                reason = Reason.FOREIGN_INSTALLATION
                logger.error("nothing is done", extra={"reason": reason, "what": self._foreign})
            before = self._foreign
            await asyncio.sleep(FOREIGN_AGAIN.total_seconds())

    async def _work(self) -> bool:
        """Know everything, then begin; True when the Lease was lost."""
        operator = self._operator
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(each.run()) for each in self._reflectors]
            listed = asyncio.Event()
            group.create_task(self._watching.run(listed))
            group.create_task(self._recorder.run())
            await listed.wait()
            for reflector in self._reflectors:
                await reflector.synced.wait()
            for queue in operator.queues:
                group.create_task(queue.run())
            logger.info("operator is working", extra={"revisions": len(operator.revisions)})
            lost = await self._unless_stopped(self._lease.lost())
            for queue in operator.queues:
                queue.stop()
            self._watching.stop()
            self._recorder.stop()
            for task in background:
                task.cancel()
        return lost

    async def _unless_stopped(self, event: Coroutine[None, None, None]) -> bool:
        """Wait for an event or for SIGTERM; True when it was the event."""
        async with asyncio.TaskGroup() as group:
            wanted = group.create_task(event)
            stopped = group.create_task(self._stop.wait())
            await asyncio.wait({wanted, stopped}, return_when=asyncio.FIRST_COMPLETED)
            happened = wanted.done()
            wanted.cancel()
            stopped.cancel()
        return happened

    def _live(self) -> dict[str, Check]:
        """No pass hangs, and every watch hears something; a stand-by replica has neither."""
        checks = {
            each.name: moves(each.progress, within=LONGEST_PASS) for each in self._operator.queues
        }
        checks |= {
            f"watch {kind}": self._while_leading(
                hears(partial(self._heard, kind), within=LONGEST_SILENCE)
            )
            for kind in self._watching.heard_at
        }
        checks |= {
            f"watch resources {number}": self._while_leading(
                hears(partial(_heard_by, each), within=LONGEST_SILENCE)
            )
            for number, each in enumerate(self._reflectors)
        }
        return checks

    def _ready(self) -> dict[str, Check]:
        """A replica that stands by is ready to take over; one that leads must know everything."""
        checks = {
            f"list resources {number}": self._while_leading(happened(each.synced, what="a list"))
            for number, each in enumerate(self._reflectors)
        }
        return checks | {
            "installation": lambda: self._foreign,
            "stopping": lambda: "stopping" if self._stop.is_set() else "",
        }

    def _while_leading(self, check: Check) -> Check:
        return lambda: check() if self._lease.remaining() > timedelta() else ""

    def _heard(self, kind: str) -> float:
        return self._watching.heard_at[kind]


def _heard_by(reflector: Reflector[PartialObject]) -> float:
    return reflector.heard_at


def _complaint(words: str) -> int:
    sys.stderr.write(f"porch-operator: {words}\n")
    return 2


if __name__ == "__main__":
    main()
