"""Pods that go, break or never come, under calls; on a real API server with a played node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch_function_runner.pods.failures import NoPod, PodLost
from porch_function_runner.pods.pool import Limits
from tests.integration.function_runner.pods.conftest import IMAGE, Runners
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true, echo
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster


@dataclass(slots=True)
class Gate:
    """A function that ends when the test lets it."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0  # calls that wait at the gate

    async def __call__(self, request: EvaluateFunctionRequest) -> EvaluateFunctionResponse:
        self.inside += 1
        try:
            await self.opened.wait()
        finally:
            self.inside -= 1
        return await echo(request)

    def holds(self, calls: int) -> Callable[[], bool]:
        return lambda: self.inside == calls


async def test_a_call_whose_pod_is_killed_is_answered_by_another(
    runners: Runners, played: PlayedNode
) -> None:
    """The caller does not notice: functions have no effects, so they may run twice."""
    gate = played.functions[IMAGE] = Gate()
    async with runners.running() as runner:
        call = asyncio.create_task(runner.call())
        await eventually(gate.holds(1))
        (first,) = played.created
        await played.kill(first)
        await eventually(lambda: len(played.created) == 2 and gate.inside == 1)
        gate.opened.set()

        assert (await call).log.decode() == played.created[1]
    assert runner.metric("porch_function_calls_lost_total") == 1


async def test_a_pod_that_is_deleted_finishes_its_calls_and_gets_no_more(
    runners: Runners, played: PlayedNode
) -> None:
    """A drained node: nothing has to run twice."""
    gate = played.functions[IMAGE] = Gate()
    async with runners.running() as runner:
        call = asyncio.create_task(runner.call())
        await eventually(gate.holds(1))
        (first,) = played.created
        await played.delete(first)
        await eventually(lambda: runner.metric("porch_function_pods", stage="leaving") == 1)
        gate.opened.set()
        second = await runner.call()

        assert (await call).log.decode() == first
        assert second.log.decode() == played.created[1]
    assert runner.metric("porch_function_calls_lost_total") == 0


async def test_a_wrapper_that_crashes_loses_its_pod_but_no_call(
    runners: Runners, played: PlayedNode
) -> None:
    """Kubernetes notices only later, if the container starts again."""
    async with runners.running() as runner:
        first = (await runner.call()).log.decode()
        await played.crash(first)

        assert (await runner.call()).log.decode() != first
        await eventually(
            lambda: runner.metric("porch_function_pods_removed_total", reason="broken")
        )


async def test_a_function_that_kills_every_pod_fails_after_two(
    runners: Runners, played: PlayedNode
) -> None:
    """One input must not go through the pods of a cluster."""

    async def deadly(request: EvaluateFunctionRequest) -> EvaluateFunctionResponse:
        await played.kill(played.created[-1])
        return await echo(request)

    played.functions[IMAGE] = deadly
    async with runners.running() as runner:
        with pytest.raises(PodLost, match=r"unable to evaluate .* with pod evaluator: pod .*"):
            await runner.call()

    assert len(played.created) == 2


async def test_an_image_that_cannot_be_pulled_is_told_at_once_in_the_kubelets_words(
    runners: Runners, played: PlayedNode
) -> None:
    """And the next call does not pull it again."""
    played.troubles[IMAGE] = ("ErrImagePull", "registry.example/fn/echo:v1: not found")
    begun = time.monotonic()
    async with runners.running() as runner:
        with pytest.raises(NoPod, match=r"ErrImagePull: registry\.example/fn/echo:v1: not found"):
            await runner.call()
        with pytest.raises(NoPod, match="not found"):
            await runner.call()

        assert time.monotonic() - begun < 10
        assert len(played.created) == 1
        await comes_true(played.runs)


async def test_pods_that_no_node_has_room_for_are_told_in_the_schedulers_words(
    runners: Runners, played: PlayedNode
) -> None:
    """After the while that an autoscaler is given."""
    played.has_room = False
    async with runners.running() as runner:
        with pytest.raises(NoPod, match="cannot be scheduled: Unschedulable: 0/1 nodes"):
            await runner.call()


async def test_a_pod_that_is_not_ready_for_a_while_gets_no_calls_meanwhile(
    runners: Runners, played: PlayedNode
) -> None:
    """Another is started when it is allowed; then both are used."""
    async with runners.running(limits=Limits(max_pods=1)) as runner:
        first = (await runner.call()).log.decode()
        await played.set_ready(first, ready=False)
        await eventually(lambda: runner.metric("porch_function_pods", stage="unready") == 1)
        call = asyncio.create_task(runner.call())
        await eventually(lambda: runner.metric("porch_function_calls_waiting") == 1)
        await played.set_ready(first, ready=True)

        assert (await call).log.decode() == first


async def test_a_caller_that_goes_leaves_no_place_in_the_line_and_no_load(
    runners: Runners, played: PlayedNode
) -> None:
    """Waiting or running: a count that stays would keep the pod for ever."""
    gate = played.functions[IMAGE] = Gate()
    async with runners.running() as runner:
        calls = [asyncio.create_task(runner.call()) for _ in range(6)]
        await eventually(lambda: gate.inside >= 4)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)

        await eventually(gate.holds(0))
        assert runner.metric("porch_function_calls_running") == 0
        assert runner.metric("porch_function_calls_waiting") == 0
