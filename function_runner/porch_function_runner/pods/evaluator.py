"""The evaluator that runs functions in warm pods: wires the watches, the pools and the calls.

`run` owns every task. Calls wait until it knows what is there, so that pods of an earlier process
are used before new ones are started. When it ends, the pods stay: the next process, or another
runner, takes them over.
"""

import asyncio
import time
from collections.abc import Iterable
from functools import partial

from porch.api.functionconfig import FunctionConfig
from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest
from porch.runtime.client import Client
from porch.runtime.lease import Lease
from porch.runtime.metrics import QueueMetrics
from porch.runtime.queue import QueueSettings, Result, WorkQueue
from porch.runtime.resources import ObjectKey
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.pods.connection import Connect
from porch_function_runner.pods.connection import connect as connect_to_pod
from porch_function_runner.pods.failures import Unreachable
from porch_function_runner.pods.functions import PodFunctions
from porch_function_runner.pods.kube import PodCluster
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.pools import Pools
from porch_function_runner.pods.reconcile import ImageCommands, PodReconciler
from porch_function_runner.pods.runners import Runners, lease_name
from porch_function_runner.pods.settings import PodEvaluatorSettings
from porch_function_runner.pods.templateboard import TemplateBoard
from porch_function_runner.pods.watches import Listeners, reflectors
from porch_function_runner.pods.wire import Pod
from porch_function_runner.pods.world import World

_WORKERS = 64  # pods that are created, connected or deleted at once
_LEASE_AGAIN = 1.0  # seconds; after it was lost


class PodEvaluator:
    """Runs functions in pods. Its methods belong to one event loop; `run` must be running."""

    name = "pod"

    def __init__(
        self,
        settings: PodEvaluatorSettings,
        client: Client,
        *,
        images: ImageCommands,
        metrics: PoolMetrics,
        queue_metrics: QueueMetrics,
        connect: Connect | None = None,
    ) -> None:
        self._settings = settings
        self._queue = WorkQueue(
            "function-pods",
            self._reconcile,
            meter=queue_metrics.of("function-pods"),
            settings=QueueSettings(workers=_WORKERS),
        )
        look = self._queue.add
        self._pools = Pools(settings, metrics=metrics, look=look)
        self._board = TemplateBoard()
        self._world = World(settings, look)
        runners = Runners(settings.lease.duration, clock=time.monotonic)
        self._configs: tuple[FunctionConfig, ...] = ()
        self._told = asyncio.Event()  # the FunctionConfigs
        self._ready = asyncio.Event()
        self._reflectors = reflectors(
            client,
            settings,
            Listeners(
                world=self._world,
                board=self._board,
                runners=runners,
                pod_seen=self._pod_seen,
                pod_gone=self._pod_gone,
                templates_changed=self._configure,
                look=look,
            ),
        )
        self._reconciler = PodReconciler(
            settings=settings,
            pools=self._pools,
            world=self._world,
            cluster=PodCluster(client, settings.namespace),
            images=images,
            runners=runners,
            connect=connect or _connecting(settings),
            look=look,
        )
        key = ObjectKey(settings.namespace, lease_name(settings.runner))
        self._lease = Lease(client, key, identity=settings.runner, settings=settings.lease)

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """The answer of a pod; when that one goes, of another."""
        await self._ready.wait()
        asked = EvaluateFunctionRequest(resource_list=request.resource_list, image=request.image)
        ticket = self._pools.join(request.image)
        try:
            while True:
                connection = await ticket.assigned()
                try:
                    answer = await connection.evaluate(asked, deadline.remaining())
                except Unreachable as err:
                    self._pools.lost(ticket, connection, str(err))
                    continue
                return EvaluationResponse(
                    resource_list=answer.resource_list,
                    log=answer.log,
                    digest=self._world.digest(connection.pod),
                )
        finally:
            self._pools.leave(ticket)

    def set_functions(self, configs: Iterable[FunctionConfig]) -> None:
        """The FunctionConfigs as they are now; no call is answered before the first time."""
        self._configs = tuple(configs)
        self._told.set()
        self._configure()

    def connections(self) -> int:
        """Channels that are open."""
        return self._pools.connections()

    def waits_for(self) -> str:
        """What is still to be known before calls are answered; "" when nothing is."""
        if self._ready.is_set():
            return ""
        unknown = [name for name, each in self._reflectors.items() if not each.synced.is_set()]
        unknown += [] if self._told.is_set() else ["functionconfigs"]
        return f"not known yet: {', '.join(unknown) or 'whether the Lease is ours'}"

    def heard_at(self) -> float:
        """When the most silent of the watches last heard of the API server (time.monotonic)."""
        return min(reflector.heard_at for reflector in self._reflectors.values())

    def state(self) -> dict[str, object]:
        """What it does now."""
        return self._pools.state()

    async def run(self) -> None:
        """Watch and keep the pools until cancelled; the pods stay."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hold_lease(), name="runner-lease")
                for reflector in self._reflectors.values():
                    tasks.create_task(reflector.run())
                # Others must know that we live before they see a pod of ours.
                await self._lease.acquired()
                for reflector in self._reflectors.values():
                    await reflector.synced.wait()
                await self._told.wait()
                self._begin()
                await self._queue.run()
        finally:
            for connection in self._pools.take_connections():
                await connection.close()

    def _begin(self) -> None:
        """Everything is known: adopt what is ours before any new pod is started."""
        self._configure_pools()
        for name, pod in self._world.pods.items():
            if self._world.is_ours(pod):
                self._pools.seen(pod)
            self._queue.add(name)
        self._ready.set()
        self._pools.warm()

    async def _hold_lease(self) -> None:
        while True:
            await self._lease.run()
            await asyncio.sleep(_LEASE_AGAIN)

    async def _reconcile(self, name: str) -> Result:
        return await self._reconciler.reconcile(name)

    def _configure(self) -> None:
        if self._ready.is_set():
            self._configure_pools()
            self._pools.warm()

    def _configure_pools(self) -> None:
        settings = self._settings
        functions = PodFunctions.of(
            self._configs,
            defaults=settings.limits,
            default_prefix=settings.default_prefix,
        )
        self._pools.configure(functions, self._board.current)

    def _pod_seen(self, pod: Pod) -> None:
        name = pod.metadata.name
        self._world.pods[name] = pod
        if self._ready.is_set():
            if self._world.is_ours(pod):
                self._pools.seen(pod)
            else:
                self._pools.gone(name, f"another runner took pod {name}")
        self._queue.add(name)

    def _pod_gone(self, key: ObjectKey) -> None:
        self._world.pods.pop(key.name, None)
        self._pools.gone(key.name, f"pod {key.name} was deleted")
        self._queue.add(key.name)


def _connecting(settings: PodEvaluatorSettings) -> Connect:
    return partial(
        connect_to_pod,
        max_message_bytes=settings.max_message_bytes,
        within=settings.connect_within,
    )
