"""What the watches have told of the namespace of the pods.

State only: the newest version of each object that matters, by name. `looked_at` is told the name
of each pod about which something is new.
"""

from collections import defaultdict
from collections.abc import Callable

from porch.runtime.resources import ObjectKey
from porch_function_runner.pods.settings import Address, PodEvaluatorSettings
from porch_function_runner.pods.wire import (
    RUNNER_LABEL,
    WRAPPER_PORT,
    EndpointSlice,
    Pod,
    Service,
)


class World:
    """The mirror of the cluster that decisions about single pods are made from."""

    def __init__(self, settings: PodEvaluatorSettings, look: Callable[[str], None]) -> None:
        self._settings = settings
        self._look = look
        self.pods: dict[str, Pod] = {}
        self.services: dict[str, Service] = {}
        self._slices: dict[str, dict[str, list[str]]] = defaultdict(dict)  # service, slice: IPs

    def is_ours(self, pod: Pod) -> bool:
        """The pod belongs to this runner."""
        return pod.metadata.labels.get(RUNNER_LABEL) == self._settings.runner

    def pods_of(self, runner: str) -> list[str]:
        """Names of the pods that belong to a runner."""
        return [
            name
            for name, pod in self.pods.items()
            if pod.metadata.labels.get(RUNNER_LABEL) == runner
        ]

    def digest(self, name: str) -> str:
        """Of the image that a pod runs; "" where it is not known."""
        pod = self.pods.get(name)
        return pod.digest if pod is not None else ""

    def service_seen(self, service: Service) -> None:
        self.services[service.metadata.name] = service
        self._look(service.metadata.name)

    def service_gone(self, key: ObjectKey) -> None:
        self.services.pop(key.name, None)
        self._look(key.name)

    def slice_seen(self, found: EndpointSlice) -> None:
        self._slices[found.service][found.metadata.name] = found.ready_addresses
        self._look(found.service)

    def slice_gone(self, key: ObjectKey) -> None:
        for service, slices in list(self._slices.items()):
            slices.pop(key.name, None)
            if not slices:
                del self._slices[service]

    def target(self, name: str) -> str | None:
        """Where a pod is to be called; None while its address does not lead to it."""
        pod = self.pods.get(name)
        if pod is None or not pod.status.pod_ip:
            return None
        if self._settings.address is Address.POD_IP:
            ip = pod.status.pod_ip
            return f"[{ip}]:{WRAPPER_PORT}" if ":" in ip else f"{ip}:{WRAPPER_PORT}"
        addresses = [each for found in self._slices.get(name, {}).values() for each in found]
        if pod.status.pod_ip not in addresses:
            return None
        # NB: not with the domain of the cluster, which may have any name.
        return f"{name}.{self._settings.namespace}.svc:{WRAPPER_PORT}"
