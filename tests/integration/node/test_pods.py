"""Pods are real: pulled from the registry, isolated, limited, reached by address and by name."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import grpc
import pytest

from porch_devcluster.api import wait_for
from porch_devcluster.node.node import Node
from tests.integration.node.pods import LIST, PORT, SOON, Data, FunctionPods

pytestmark = pytest.mark.cluster

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
SAY_ADDRESSES = """
import socket, sys
print(*sorted({it[4][0] for it in socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET)}))
"""


def test_a_function_answers_through_the_wrapper(pods: FunctionPods) -> None:
    """An image with one program, without a shell, and the template of existing installations."""
    pods.create("pass", "pass")

    assert pods.evaluate("pass").resource_list == LIST


def test_a_restricted_pod_runs_a_function(pods: FunctionPods) -> None:
    """Not root, nothing to write to, no capability: the wrapper needs none of it."""
    pods.create(
        "say", "say", "WHO", securityContext=RESTRICTED, env=[{"name": "WHO", "value": "me"}]
    )
    answer = pods.evaluate("say").resource_list.decode()

    assert "user=65532" in answer
    assert "WHO=me" in answer


def test_memory_beyond_the_limit_is_a_failure_of_the_call(pods: FunctionPods) -> None:
    """The kernel ends the function and not the wrapper, which tells the signal."""
    pods.create("hog", "hog", "600", resources={"limits": {"memory": "64Mi"}})
    with pytest.raises(grpc.RpcError) as refused:
        pods.evaluate("hog")

    assert isinstance(refused.value, grpc.Call)
    assert "exit code 137" in str(refused.value.details())


def test_a_name_of_a_service_leads_to_its_ready_pods(pods: FunctionPods) -> None:
    """The runner reaches pods by the names of their Services."""
    pods.create("pass", "pass")
    api, namespace = pods.node.cluster.api(), pods.namespace
    services = f"/api/v1/namespaces/{namespace}/services"
    spec = {"selector": {"app": "pass"}, "ports": [{"port": PORT}]}
    api.create(services, {"metadata": {"name": "fn"}, "spec": spec})
    address = pods.ready("pass")["status"]["podIP"]
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    for event in api.watch(slices, within=SOON):
        if event["type"] != "DELETED" and has_ready_address(event["object"], address):
            break

    assert look_up(pods.node, f"fn.{namespace}.svc").stdout.split() == [address]
    assert look_up(pods.node, f"fn.{namespace}.svc.cluster.local").stdout.split() == [address]
    assert "gaierror" in look_up(pods.node, f"nobody.{namespace}.svc").stderr


def has_ready_address(found: Data, address: str) -> bool:
    """Whether a slice has the address among those that take connections."""
    ready = [it for it in found.get("endpoints") or [] if it["conditions"].get("ready")]
    return any(address in it["addresses"] for it in ready)


def look_up(node: Node, name: str) -> subprocess.CompletedProcess[str]:
    """Resolve a name by a process in the node."""
    command = node.inside([sys.executable, "-c", SAY_ADDRESSES, name])
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_an_image_that_is_not_there_is_told_by_the_kubelet(pods: FunctionPods) -> None:
    """Pods that cannot start look as they do in production."""
    container = {"name": "function", "image": f"{pods.node.registry}/nobody:v1"}
    body = {"metadata": {"name": "nobody"}, "spec": {"containers": [container]}}
    api = pods.node.cluster.api()
    api.create(pods.path, body)

    def waits(pod: Data) -> bool:
        states = [it["state"] for it in pod["status"].get("containerStatuses", [])]
        reasons = [it.get("waiting", {}).get("reason") for it in states]
        return reasons in (["ErrImagePull"], ["ImagePullBackOff"])

    assert wait_for(api, f"{pods.path}/nobody", waits, within=timedelta(seconds=60))


def test_logs_of_a_pod_are_read(pods: FunctionPods) -> None:
    """The API server reaches the kubelet: what fails in a test can be looked at."""
    pods.create("pass", "pass")
    pods.ready("pass")
    log = pods.node.cluster.kubectl("logs", "pass", "-c", "function", "-n", pods.namespace)

    assert f"listening on [::]:{PORT}" in log
