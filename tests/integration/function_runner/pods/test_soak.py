"""Thousands of calls over several images, while pods die and callers go."""

from __future__ import annotations

import asyncio
import gc
import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.runtime.client import Client, Selection
from porch_function_runner.pods.pool import Limits
from porch_function_runner.pods.wire import SERVICES, Service
from tests.integration.function_runner.pods.conftest import Runner, Runners
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true, echo
from tests.integration.waiting import eventually

IMAGES = [f"registry.example/fn/soak:v{number}" for number in range(5)]
LIMITS = Limits(max_pods=3, queue_length=2, attempts=6, idle=timedelta(seconds=2))
CALLERS = 12
CANCELLED = 0.05  # of all calls
KILL_EVERY = 0.4  # seconds
GROWTH_BYTES = 24 << 20  # of the process, from the first tenth to the end


@dataclass(slots=True)
class Soak:
    """What befell the calls."""

    runner: Runner
    left: int
    step: int  # calls between two measurements
    answered: int = 0
    cancelled: int = 0
    resident: list[int] = field(default_factory=list)  # bytes, at each tenth

    async def caller(self, chance: random.Random) -> None:
        while self.left > 0:
            self.left -= 1
            if self.left % self.step == 0:
                self.measure()
            text = b"%d" % self.left
            call = asyncio.create_task(self.runner.call(chance.choice(IMAGES), text, seconds=60))
            if chance.random() < CANCELLED:
                await asyncio.sleep(chance.random() / 50)
                call.cancel()
                await asyncio.wait([call])
                self.cancelled += 1
                continue
            assert (await call).resource_list == text
            self.answered += 1

    def measure(self) -> None:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.resident.append(pages * 4096)


async def work(request: EvaluateFunctionRequest) -> EvaluateFunctionResponse:
    """A function that takes its time."""
    await asyncio.sleep(random.random() / 50)  # noqa: S311 (no secret)
    return await echo(request)


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param(500, marks=pytest.mark.cluster),
        pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
async def test_no_call_is_lost_and_nothing_is_left_over(
    *, runners: Runners, played: PlayedNode, client: Client, namespace: str, calls: int
) -> None:
    """No pod, Service, channel, place in a line or memory; whoever deletes pods or goes."""
    chance = random.Random(7)  # noqa: S311 (no secret)
    played.functions = dict.fromkeys(IMAGES, work)
    async with runners.running(limits=LIMITS) as runner:
        soak = Soak(runner, calls, calls // 10)
        killing = asyncio.create_task(_kill(played, chance))
        async with asyncio.TaskGroup() as callers:
            for number in range(CALLERS):
                callers.create_task(soak.caller(random.Random(number)))  # noqa: S311 (no secret)
        killing.cancel()
        await asyncio.wait([killing])

        assert soak.answered + soak.cancelled == calls
        await eventually(lambda: not runner.evaluator.state(), within=timedelta(seconds=20))
        await comes_true(played.runs)
        await comes_true(lambda: _has_no_services(client, namespace))
        assert runner.evaluator.connections() == 0
    growth = soak.resident[-1] - soak.resident[0]
    assert growth < GROWTH_BYTES, soak.resident


async def _has_no_services(client: Client, namespace: str) -> bool:
    page = await client.list(SERVICES, Selection(namespace=namespace), into=Service)
    return not page.items


async def _kill(played: PlayedNode, chance: random.Random) -> None:
    """Pods die at random, at once or with a grace."""
    while True:
        await asyncio.sleep(KILL_EVERY)
        if pods := await played.pods():
            name = chance.choice(pods).metadata.name
            await chance.choice([played.kill, played.delete])(name)
