"""Real pods: a kubelet and containerd, images from a registry, the wrapper, names of Services.

The runner is a process inside of the node's network, as it would be in a pod of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import grpc
import pytest

from porch_devcluster.api import Api, Object, wait_for
from porch_devcluster.images import push
from porch_devcluster.node.node import Node
from porch_devcluster.wrapperimage import wrapper_image
from tests.integration.function_runner.pods.programs import Program, caller, whole_program
from tests.integration.functionimages import function_image
from tests.integration.installed import install
from tests.integration.waiting import eventually
from tests.unit.function_runner.calling import INPUT, Caller, channel

pytestmark = pytest.mark.cluster

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """A namespace on the node, and images in its registry."""

    node: Node
    namespace: str

    @property
    def api(self) -> Api:
        return self.node.cluster.api()

    def image(self, behaviour: str) -> str:
        """An image whose function behaves so."""
        reference = f"{self.node.registry}/fn:{behaviour}"
        push(function_image(*behaviour.split("-")), reference)
        return reference

    @asynccontextmanager
    async def runner(self, name: str = "r1") -> AsyncIterator[tuple[Program, Caller]]:
        """A runner in the node, and how to call it from here."""
        wrapper = f"{self.node.registry}/wrapper:v1"
        opening = whole_program(self.node, self.namespace, name, wrapper=wrapper)
        async with opening as running:
            with self.node.forwarded(running.port) as port:
                async with channel(port) as opened:
                    yield running, caller(opened)

    def pods(self) -> list[Object]:
        """The pods that stay."""
        listed = self.api.get(f"/api/v1/namespaces/{self.namespace}/pods")["items"]
        return [each for each in listed if "deletionTimestamp" not in each["metadata"]]

    def names(self) -> set[str]:
        return {each["metadata"]["name"] for each in self.pods()}


@pytest.fixture(scope="module")
def stocked(node: Node) -> Node:
    """The node with our kinds and the wrapper's image."""
    install(node.cluster)
    push(wrapper_image(), f"{node.registry}/wrapper:v1")
    return node


@pytest.fixture
def stage(stocked: Node) -> Iterator[Stage]:
    """A fresh namespace."""
    name = f"fns-{next(_numbers)}"
    api = stocked.cluster.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    wait_for(api, account, bool, within=timedelta(seconds=30))
    yield Stage(stocked, name)
    api.delete(f"/api/v1/namespaces/{name}")


async def test_a_function_answers_from_a_restricted_pod_cold_and_then_warm(stage: Stage) -> None:
    """The whole path: runner, Service, pod, wrapper, function."""
    image = stage.image("say")
    async with stage.runner() as (_, call):
        begun = time.monotonic()
        cold = await call(image=image, seconds=60)
        cold_seconds = time.monotonic() - begun
        begun = time.monotonic()
        await call(image=image)
        warm_seconds = time.monotonic() - begun

    (pod,) = stage.pods()
    assert b"user=65532" in cold.resource_list
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert cold_seconds < 30
    assert warm_seconds < 1


async def test_parallel_calls_grow_the_pool_to_one_pod_for_each_queue_length(
    stage: Stage,
) -> None:
    """Five calls of three seconds, two a pod: three pods, started together."""
    image = stage.image("sleep-3s")
    async with stage.runner() as (_, call):
        begun = time.monotonic()
        await asyncio.gather(*(call(image=image, seconds=60) for _ in range(5)))
        took = time.monotonic() - begun

    assert len(stage.names()) == 3
    assert took < 15 + 5  # one start, and then all at once; one after the other it would be 15


async def test_a_pod_deleted_under_a_call_costs_the_caller_nothing_but_time(stage: Stage) -> None:
    """Killed without any grace; the function is run again elsewhere."""
    image = stage.image("sleep-3s")
    async with stage.runner() as (_, call):
        running = asyncio.create_task(call(image=image, seconds=90))
        await eventually(lambda: _is_ready(stage), within=timedelta(seconds=40))
        await asyncio.sleep(1)  # into the call: there is no event for that
        (name,) = stage.names()
        path = f"/api/v1/namespaces/{stage.namespace}/pods/{name}"
        await asyncio.to_thread(stage.api.request, "DELETE", path, {"gracePeriodSeconds": 0})

        assert (await running).resource_list == INPUT
        assert name not in stage.names()


async def test_a_runner_killed_under_load_finds_its_pods_again_and_strands_none(
    stage: Stage,
) -> None:
    """As a crash of the process, not of the node."""
    image = stage.image("sleep-1s")
    async with stage.runner() as (first, call):
        await asyncio.gather(*(call(image=image, seconds=60) for _ in range(4)))
        before = stage.names()
        load = [asyncio.create_task(call(image=image)) for _ in range(4)]
        await asyncio.sleep(0.3)  # into the calls
        await first.kill()
        broken = await asyncio.gather(*load, return_exceptions=True)
    async with stage.runner() as (_, call):
        await asyncio.gather(*(call(image=image) for _ in range(4)))

        assert stage.names() == before
    assert all(isinstance(each, grpc.aio.AioRpcError) for each in broken)


async def test_an_image_that_is_not_there_is_told_before_a_pod_is_started(stage: Stage) -> None:
    """By what its registry says, in a moment."""
    begun = time.monotonic()
    async with stage.runner() as (_, call):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(image=f"{stage.node.registry}/nobody:pass", seconds=60)
        took = time.monotonic() - begun

    assert "must be in its registry, which does not have it" in str(refused.value.details())
    assert took < 15
    assert stage.names() == set()


async def test_a_function_that_fails_keeps_its_pod(stage: Stage) -> None:
    """It is the function's answer, with all the words that callers look for."""
    image = stage.image("fail")
    async with stage.runner() as (_, call):
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(image=image, seconds=60)
            assert refused.value.code() is grpc.StatusCode.INTERNAL
            assert "with pod evaluator: rpc error: code = Internal" in str(refused.value.details())

        assert len(stage.names()) == 1


def _is_ready(stage: Stage) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in stage.pods()
        for condition in pod["status"].get("conditions", [])
    )
