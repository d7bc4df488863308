"""The runner as a process that is killed, under calls."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from porch_devcluster.cluster import Cluster
from tests.integration.function_runner.pods.conftest import IMAGE
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true
from tests.integration.function_runner.pods.programs import caller, program
from tests.integration.waiting import eventually
from tests.unit.function_runner.calling import Caller, channel

pytestmark = pytest.mark.cluster


async def test_a_runner_killed_under_load_leaves_its_pods_to_its_next_life(
    installed_cluster: Cluster, played: PlayedNode, namespace: str
) -> None:
    """Callers are told that it is away; then the same pods answer, and none is left over."""
    played.network = "127"
    async with (
        program(installed_cluster.kubeconfig, namespace, "r1") as first,
        channel(first.port) as opened,
    ):
        calls = [asyncio.create_task(_until_it_breaks(caller(opened))) for _ in range(8)]
        await eventually(lambda: len(played.calls) == 4 and all(played.calls.values()))
        await first.kill()
        codes = await asyncio.gather(*calls)
    async with (
        program(installed_cluster.kubeconfig, namespace, "r1") as second,
        channel(second.port) as opened,
    ):
        again = await asyncio.gather(*(caller(opened)(image=IMAGE) for _ in range(8)))

    assert set(codes) == {grpc.StatusCode.UNAVAILABLE}
    assert {each.log.decode() for each in again} <= set(played.created)
    assert len(played.created) == 4


async def test_the_pods_of_a_killed_runner_go_to_another(
    installed_cluster: Cluster, played: PlayedNode, namespace: str
) -> None:
    """Nobody released its Lease: it has to run out."""
    played.network = "127"
    async with program(installed_cluster.kubeconfig, namespace, "r1") as first:
        async with channel(first.port) as opened:
            name = (await caller(opened)(image=IMAGE)).log.decode()
        await first.kill()
    async with (
        program(installed_cluster.kubeconfig, namespace, "r2") as other,
        channel(other.port) as opened,
    ):
        await comes_true(lambda: _belongs_to(played, "r2"))

        assert (await caller(opened)(image=IMAGE)).log.decode() == name


async def _until_it_breaks(call: Caller) -> grpc.StatusCode:
    while True:
        try:
            await call(image=IMAGE)
        except grpc.aio.AioRpcError as err:
            return err.code()


async def _belongs_to(played: PlayedNode, runner: str) -> bool:
    return {each.metadata.labels["fn.kpt.dev/runner"] for each in await played.pods()} == {runner}
