"""Pods and Services of functions in the API server: the writes, each of them repeatable.

I/O       the network. Deletions name the incarnation; what is gone already counts as deleted.
Errors    those of the client.
"""

from dataclasses import dataclass

from porch.runtime.apierrors import AlreadyExists, NotFound
from porch.runtime.client import Client, PartialObject
from porch.runtime.resources import LEASES, ObjectKey
from porch_function_runner.pods.isolation import Data
from porch_function_runner.pods.wire import MANAGER, PODS, RUNNER_LABEL, SERVICES, Pod, Service


@dataclass(frozen=True, slots=True)
class PodCluster:
    """The namespace of the pods."""

    client: Client
    namespace: str

    async def create_pod(self, body: Data) -> Pod:
        """A new pod; AlreadyExists when the name is taken."""
        return await self.client.create(
            PODS, body, namespace=self.namespace, into=Pod, manager=MANAGER
        )

    async def create_service(self, body: Data) -> None:
        """The Service of a pod; one that is there already is used as it is."""
        try:
            await self.client.create(
                SERVICES, body, namespace=self.namespace, into=Service, manager=MANAGER
            )
        except AlreadyExists:
            return

    async def delete_pod(self, pod: Pod) -> None:
        """Ask for the deletion of this incarnation."""
        try:
            await self.client.delete(PODS, self._key(pod.metadata.name), uid=pod.metadata.uid)
        except NotFound:
            return

    async def delete_service(self, service: Service) -> None:
        """Delete this incarnation."""
        meta = service.metadata
        try:
            await self.client.delete(SERVICES, self._key(meta.name), uid=meta.uid)
        except NotFound:
            return

    async def find_pod(self, name: str) -> Pod | None:
        """The pod as etcd has it now; None when there is none."""
        try:
            return await self.client.get(PODS, self._key(name), into=Pod)
        except NotFound:
            return None

    async def take_over(self, pod: Pod, runner: str) -> None:
        """Make a pod this runner's, unless anybody changed it since: then WriteConflict."""
        meta = {
            "resourceVersion": pod.metadata.resource_version,
            "labels": {RUNNER_LABEL: runner},
        }
        key = self._key(pod.metadata.name)
        await self.client.patch(PODS, key, {"metadata": meta}, into=PartialObject)

    async def delete_lease(self, name: str) -> None:
        """Remove the Lease of a runner that will not come back."""
        try:
            await self.client.delete(LEASES, self._key(name))
        except NotFound:
            return

    def _key(self, name: str) -> ObjectKey:
        return ObjectKey(self.namespace, name)
