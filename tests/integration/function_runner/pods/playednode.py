"""A node that tests play: pods of one namespace get a node, an address and a wrapper that answers.

Everything but the scheduler, the kubelet and the function is real: the API server, its watches and
controllers, gRPC over loopback. Each pod has a loopback address of its own, so wrappers listen on
the port that they have in the cluster.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import grpc

from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.functions.wire.service import METHOD, SERVICE
from porch.runtime.client import Client, Selection
from porch.runtime.reflector import Reflector
from porch.runtime.resources import ObjectKey
from porch_devcluster.api import Api
from porch_devcluster.errors import ApiStatus
from porch_function_runner.pods.connection import Connection, connect
from porch_function_runner.pods.wire import PODS, WRAPPER_PORT, Pod
from tests.integration.waiting import eventually

Function = Callable[[EvaluateFunctionRequest], Awaitable[EvaluateFunctionResponse]]

_NODE = "played-node"
_numbers = itertools.count(random.randrange(1 << 16) << 6)  # noqa: S311 (no secret)


async def echo(request: EvaluateFunctionRequest) -> EvaluateFunctionResponse:
    """The function of images of which a test says nothing."""
    return EvaluateFunctionResponse(resource_list=request.resource_list)


@dataclass(slots=True)
class _Running:
    """A pod whose wrapper answers."""

    server: grpc.aio.Server
    ip: str


@dataclass(slots=True)
class PlayedNode:
    """What the tests let the node do."""

    client: Client
    api: Api
    namespace: str
    functions: dict[str, Function] = field(default_factory=dict)  # by image
    troubles: dict[str, tuple[str, str]] = field(default_factory=dict)  # by image: reason, message
    start_after: timedelta = timedelta()
    has_room: bool = True  # False: pods cannot be scheduled
    network: str = "10"  # what addresses of pods begin with; "127": they lead to the wrappers
    calls: dict[str, int] = field(default_factory=dict)  # answered, by pod
    created: list[str] = field(default_factory=list)  # pods that ever were
    _running: dict[str, _Running] = field(default_factory=dict)
    _addresses: dict[str, str] = field(default_factory=dict)  # also of pods that are gone
    _begun: set[str] = field(default_factory=set)
    _tasks: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[PlayedNode]:
        """Play until the end of the block."""
        await self._have_node()
        reflector = Reflector(
            self.client,
            PODS,
            into=Pod,
            selection=Selection(namespace=self.namespace),
            changed=self._changed,
            gone=self._gone,
        )
        async with self._tasks:
            watching = self._tasks.create_task(reflector.run())
            await reflector.synced.wait()
            try:
                yield self
            finally:
                watching.cancel()
                for running in self._running.values():
                    await running.server.stop(None)

    async def connect(self, pod: str, target: str) -> Connection:
        """As the runner connects, but by the loopback address: there is no network of pods here."""
        assert target == f"{pod}.{self.namespace}.svc:{WRAPPER_PORT}"
        return await connect(
            pod,
            f"{self._addresses[pod]}:{WRAPPER_PORT}",
            max_message_bytes=6 << 20,
            within=timedelta(seconds=5),
        )

    async def pods(self) -> list[Pod]:
        """The pods in the namespace that are not being deleted."""
        page = await self.client.list(PODS, Selection(namespace=self.namespace), into=Pod)
        return [each for each in page.items if each.metadata.deletion_timestamp is None]

    async def runs(self, *names: str) -> bool:
        """These pods and no others are in the namespace."""
        return sorted(each.metadata.name for each in await self.pods()) == sorted(names)

    async def kill(self, name: str) -> None:
        """The pod is gone at once, and its connections break: a node that crashed."""
        await self._stop(name, grace=None)
        await self._request("DELETE", name, {"gracePeriodSeconds": 0})

    async def delete(self, name: str) -> None:
        """As `kubectl delete pod`: the pod may finish what it does."""
        await self._request("DELETE", name, {})

    async def crash(self, name: str) -> None:
        """The wrapper crashes; Kubernetes does not know yet."""
        await self._stop(name, grace=None)

    async def set_ready(self, name: str, *, ready: bool) -> None:
        """What the readiness probe found."""
        await self._status(name, {"conditions": [_condition("PodScheduled"), _ready(ready)]})

    def _changed(self, pod: Pod) -> None:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None:
            self._tasks.create_task(self._finish(name))
        elif name not in self._begun:
            self._begun.add(name)
            self.created.append(name)
            self._tasks.create_task(self._start(pod))

    def _gone(self, key: ObjectKey) -> None:
        self._tasks.create_task(self._stop(key.name, grace=None))

    async def _start(self, pod: Pod) -> None:
        name, image = pod.metadata.name, pod.image
        if not self.has_room:
            message = "0/1 nodes are available: 1 Insufficient cpu."
            await self._status(
                name, {"conditions": [_condition("PodScheduled", "Unschedulable", message)]}
            )
            return
        target = {"name": _NODE, "kind": "Node"}
        binding = {"metadata": {"name": name}, "target": target}
        await self._request("POST", f"{name}/binding", binding)
        if image in self.troubles:
            reason, message = self.troubles[image]
            waiting = {"waiting": {"reason": reason, "message": message}}
            statuses = [_container(image, waiting)]
            await self._status(name, {"containerStatuses": statuses})
            return
        await asyncio.sleep(self.start_after.total_seconds())
        number = next(_numbers)
        tail = f"{number >> 16 & 127}.{number >> 8 & 255}.{number & 255}"
        self._running[name] = await self._serve(pod, f"127.{tail}")
        running = {"running": {"startedAt": datetime.now(UTC).isoformat()}}
        status = {
            "phase": "Running",
            "podIP": f"{self.network}.{tail}",
            "podIPs": [{"ip": f"{self.network}.{tail}"}],
            "conditions": [_condition("PodScheduled"), _ready(True)],
            "containerStatuses": [_container(image, running)],
        }
        await self._status(name, status)

    async def _serve(self, pod: Pod, ip: str) -> _Running:
        name, function = pod.metadata.name, partial(self._answer, pod)
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        method = grpc.unary_unary_rpc_method_handler(
            function,
            request_deserializer=EvaluateFunctionRequest.FromString,
            response_serializer=EvaluateFunctionResponse.SerializeToString,
        )
        handler = grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})
        server.add_generic_rpc_handlers((handler,))
        server.add_insecure_port(f"{ip}:{WRAPPER_PORT}")
        await server.start()
        self.calls[name] = 0
        self._addresses[name] = ip
        return _Running(server, ip)

    async def _answer(
        self,
        pod: Pod,
        request: EvaluateFunctionRequest,
        _: grpc.aio.ServicerContext[EvaluateFunctionRequest, EvaluateFunctionResponse],
    ) -> EvaluateFunctionResponse:
        answer = await self.functions.get(pod.image, echo)(request)
        self.calls[pod.metadata.name] += 1
        return EvaluateFunctionResponse(
            resource_list=answer.resource_list, log=pod.metadata.name.encode()
        )

    async def _finish(self, name: str) -> None:
        """As the kubelet does at SIGTERM: calls end, then the pod is gone."""
        await self._stop(name, grace=20)
        await self._request("DELETE", name, {"gracePeriodSeconds": 0})

    async def _stop(self, name: str, *, grace: float | None) -> None:
        running = self._running.pop(name, None)
        if running is not None:
            await running.server.stop(grace)

    async def _status(self, name: str, status: dict[str, Any]) -> None:
        try:
            await self.client.patch(
                PODS,
                ObjectKey(self.namespace, name),
                {"status": status},
                into=Pod,
                subresource="status",
            )
        except Exception:  # noqa: BLE001 - deleted meanwhile
            return

    async def _request(self, method: str, path: str, body: dict[str, Any]) -> None:
        """What the client of the product has no use for."""
        whole = f"/api/v1/namespaces/{self.namespace}/pods/{path}"
        try:
            await asyncio.to_thread(self.api.request, method, whole, body)
        except ApiStatus as err:
            if err.code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    async def _have_node(self) -> None:
        try:
            await asyncio.to_thread(self.api.create, "/api/v1/nodes", {"metadata": {"name": _NODE}})
        except ApiStatus as err:
            if err.code != HTTPStatus.CONFLICT:
                raise


async def comes_true(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until an asynchronous condition holds."""
    _: bool = await eventually(condition)


def _condition(kind: str, reason: str = "", message: str = "") -> dict[str, str]:
    status = "False" if reason else "True"
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _ready(ready: bool) -> dict[str, str]:
    return _condition("Ready") if ready else _condition("Ready", "ContainersNotReady", "probe")


def _container(image: str, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "function",
        "image": image,
        "imageID": f"{image.partition(':')[0]}@sha256:{'1' * 64}",
        "ready": "running" in state,
        "restartCount": 0,
        "state": state,
    }
