"""A function's pod as the templates of existing installations make it, and calls to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc

from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.functions.wire.service import PATH
from porch_devcluster.api import wait_for
from porch_devcluster.images import push
from porch_devcluster.node.node import Node
from porch_devcluster.wrapperimage import wrapper_image
from tests.integration.functionimages import function_image

PORT = 9446
TOOLS = "wrapper-server-tools"
SOON = timedelta(seconds=30)
ANSWER_WITHIN = 20.0  # seconds
LIST = b"kind: ResourceList\nitems: []\n"

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FunctionPods:
    """Makes pods of functions in one namespace."""

    node: Node
    namespace: str

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def create(self, name: str, *behaviour: str, **container: Any) -> None:
        """A pod whose function behaves so; `container` is added to its container."""
        image = f"{self.node.registry}/{name}:v1"
        wrapper = f"{self.node.registry}/wrapper:v1"
        push(function_image(*behaviour), image)
        push(wrapper_image(), wrapper)
        command = ["--port", str(PORT), "--", "/usr/local/bin/function", *behaviour]
        mount = {"name": TOOLS, "mountPath": f"/{TOOLS}"}
        probe = [f"/{TOOLS}/grpc-health-probe", "-addr", f"localhost:{PORT}"]
        init = {
            "name": "copy-wrapper-server",
            "image": wrapper,
            "command": ["cp", "-a", "/home/nonroot/wrapper-server/.", f"/{TOOLS}"],
            "volumeMounts": [mount],
        }
        function = {
            "name": "function",
            "image": image,
            "command": [f"/{TOOLS}/wrapper-server"],
            "args": command,
            "readinessProbe": {"exec": {"command": probe}, "periodSeconds": 1},
            "volumeMounts": [mount],
            **container,
        }
        spec = {
            "initContainers": [init],
            "containers": [function],
            "volumes": [{"name": TOOLS, "emptyDir": {}}],
            "terminationGracePeriodSeconds": 1,
        }
        body = {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec}
        self.node.cluster.api().create(self.path, body)

    def ready(self, name: str) -> Data:
        """The pod, once it is Ready."""
        return wait_for(self.node.cluster.api(), f"{self.path}/{name}", is_ready, within=SOON)

    @contextmanager
    def channel(self, name: str) -> Iterator[grpc.Channel]:
        """A channel to a pod, from outside of the node."""
        address = self.ready(name)["status"]["podIP"]
        with (
            self.node.forwarded(PORT, host=address) as port,
            grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            yield channel

    def evaluate(self, name: str) -> EvaluateFunctionResponse:
        """What a pod's function answers."""
        with self.channel(name) as channel:
            method = channel.unary_unary(
                PATH,
                request_serializer=EvaluateFunctionRequest.SerializeToString,
                response_deserializer=EvaluateFunctionResponse.FromString,
            )
            request = EvaluateFunctionRequest(image=name, resource_list=LIST)
            return method(request, timeout=ANSWER_WITHIN)


def is_ready(pod: Data) -> bool:
    """Whether a pod takes calls."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)
