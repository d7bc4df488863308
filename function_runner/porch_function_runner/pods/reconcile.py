"""What one pod needs next in the cluster: created, given a Service, connected, adopted, deleted.

A pass is for one name (of a pod and its Service, or of a runner's Lease), reads what the watches
have told and what the pools want, and does what is missing; each step may be repeated. A pod whose
creation fails is told to its pool, which decides; a deletion that fails is retried for ever by the
queue.
Errors    those of the client, for the queue.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from porch.errors import Conflict, PorchError
from porch.functions.images import Image
from porch.runtime.queue import DONE, Result
from porch_function_runner.pods.build import Identity, build_pod, build_service
from porch_function_runner.pods.connection import Connect
from porch_function_runner.pods.failures import Unreachable
from porch_function_runner.pods.kube import PodCluster
from porch_function_runner.pods.pools import Order, Pools
from porch_function_runner.pods.runners import Runners, runner_of
from porch_function_runner.pods.settings import Address, PodEvaluatorSettings
from porch_function_runner.pods.sighting import State, sighted
from porch_function_runner.pods.wire import RUNNER_LABEL, Pod, Service
from porch_function_runner.pods.world import World
from porch_function_runner.rights import advised

_SWEEP_AGAIN = timedelta(seconds=5)  # the watch tells of pods that were taken over by then

logger = logging.getLogger(__name__)


class ImageCommands(Protocol):
    """What images run when they are started."""

    async def command(self, image: Image) -> Sequence[str]:
        """The command of the image's function; a PorchError when it cannot be known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PodReconciler:
    """Carries out what the pools want, pod by pod."""

    settings: PodEvaluatorSettings
    pools: Pools
    world: World
    cluster: PodCluster
    images: ImageCommands
    runners: Runners
    connect: Connect
    look: Callable[[str], None]  # at another name, soon

    async def reconcile(self, name: str) -> Result:
        """One pass over one pod."""
        if (runner := runner_of(name)) is not None:
            return await self._sweep(name, runner)
        if closing := self.pools.take_closing(name):
            await closing.close()
        pod = self.world.pods.get(name)
        order = self.pools.order(name)
        if name in self.pools.removed:
            await self._delete(name, pod)
        elif order is not None and self.pools.must_be_created(name):
            await self._create(name, order)
        elif order is not None and pod is not None:
            await self._serve(name, pod, order)
        elif pod is not None and not self.world.is_ours(pod):
            return await self._take_over(pod)
        elif pod is None and (service := self.world.services.get(name)):
            await self._delete_orphan(service)
        return DONE

    async def _create(self, name: str, order: Order) -> None:
        try:
            command = await self.images.command(order.image)
            body = build_pod(
                order.blueprint,
                Identity(
                    name=name,
                    image=str(order.image),
                    pool=order.pool,
                    runner=self.settings.runner,
                ),
                command=command,
                version=order.version,
            )
            pod = await self.cluster.create_pod(body)
            await self._give_service(pod, order)
        except PorchError as err:
            self.pools.failed(name, advised(err))
        finally:
            self.pools.created(name)

    async def _give_service(self, pod: Pod, order: Order) -> None:
        if self.settings.address is Address.SERVICE:
            meta = pod.metadata
            body = build_service(order.blueprint, name=meta.name, pod_uid=meta.uid)
            await self.cluster.create_service(body)

    async def _serve(self, name: str, pod: Pod, order: Order) -> None:
        """Give the pod what it still lacks to be called."""
        if name not in self.world.services and pod.metadata.deletion_timestamp is None:
            await self._give_service(pod, order)
        target = self.world.target(name)
        is_ready = sighted(pod).state is State.READY
        if target is None or not is_ready or not self.pools.must_be_connected(name):
            return
        try:
            connection = await self.connect(name, target)
        except Unreachable as err:
            self.pools.failed(name, str(err))
            return
        if not self.pools.connected(connection):
            await connection.close()

    async def _delete(self, name: str, pod: Pod | None) -> None:
        pod = pod or await self.cluster.find_pod(name)
        if pod is None:
            self.pools.removed.discard(name)
        elif pod.metadata.deletion_timestamp is None:
            await self.cluster.delete_pod(pod)
        if service := self.world.services.get(name):
            await self.cluster.delete_service(service)

    async def _delete_orphan(self, service: Service) -> None:
        """Delete a Service whose pod is gone; the watches may be of different age, so ask."""
        if await self.cluster.find_pod(service.metadata.name) is None:
            await self.cluster.delete_service(service)

    async def _take_over(self, pod: Pod) -> Result:
        """Make the pod of a dead runner ours; come back when its runner may have died."""
        runner = pod.metadata.labels.get(RUNNER_LABEL, "")
        if pod.metadata.deletion_timestamp is not None:
            return DONE
        if left := self.runners.left(runner):
            return Result(timedelta(seconds=left))
        try:
            await self.cluster.take_over(pod, self.settings.runner)
        except Conflict:
            return DONE  # another runner was faster, or the watch brings a newer version
        logger.info("pod of a dead runner taken over", extra={"pod": pod.metadata.name})
        return DONE

    async def _sweep(self, lease: str, runner: str) -> Result:
        """Delete the Lease of a dead runner without pods; look at the pods that it has."""
        if runner == self.settings.runner:
            return DONE
        if left := self.runners.left(runner):
            return Result(timedelta(seconds=left))
        pods = self.world.pods_of(runner)
        for pod in pods:
            self.look(pod)
        if pods:
            return Result(_SWEEP_AGAIN)
        await self.cluster.delete_lease(lease)
        return DONE
