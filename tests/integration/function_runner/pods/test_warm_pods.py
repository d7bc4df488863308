"""Pods of functions on a real API server; only the node is played."""

from __future__ import annotations

import asyncio

import pytest

from porch.runtime.client import Client, Selection
from porch_function_runner.pods.wire import SERVICES, Service
from tests.integration.function_runner.pods.conftest import IMAGE, Runners
from tests.integration.function_runner.pods.playednode import PlayedNode

pytestmark = pytest.mark.cluster


async def test_the_first_call_starts_a_pod_and_later_ones_find_it(
    runners: Runners, played: PlayedNode, client: Client, namespace: str
) -> None:
    """With the names, labels and Service that tools look for."""
    async with runners.running() as runner:
        answers = [await runner.call(text=b"%d" % number) for number in range(5)]

        (pod,) = await played.pods()
        services = await client.list(SERVICES, Selection(namespace=namespace), into=Service)
    assert [answer.resource_list for answer in answers] == [b"0", b"1", b"2", b"3", b"4"]
    assert {answer.log.decode() for answer in answers} == {pod.metadata.name}
    assert pod.image == IMAGE
    assert {answer.digest for answer in answers} == {f"sha256:{'1' * 64}"}
    assert pod.metadata.labels["fn.kpt.dev/image"] == pod.metadata.name
    assert [each.metadata.name for each in services.items] == [pod.metadata.name]


async def test_many_callers_get_one_pod_for_each_queue_length(
    runners: Runners, played: PlayedNode
) -> None:
    """All at once, not one after the other; no more than are allowed."""
    async with runners.running() as runner, asyncio.TaskGroup() as callers:
        for _ in range(3):
            callers.create_task(runner.call())

    assert len(played.created) == 2
