"""Many calls, a part of them abandoned: none is lost, nothing is left, memory stays.

Callers leave at any moment: in line, while the function runs, as the answer comes.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path

import grpc
import pytest

from tests.unit.function_runner.calling import INPUT, Caller, channel
from tests.unit.function_runner.program import Program, image, running
from tests.unit.function_runner.waiting import until

FUNCTIONS = {
    "cat": "#!/bin/sh\nexec cat\n",
    "fail": "#!/bin/sh\necho why >&2\nexit 1\n",
    "hang": "#!/bin/sh\nsleep 600 & wait\n",
    "flood": "#!/bin/sh\nexec cat /dev/zero\n",
}
NAMES = [*["cat"] * 14, *["fail"] * 3, "hang", "unknown", "flood"]
ENDS = {
    "cat": {"OK", "left"},
    "fail": {"INTERNAL", "left"},
    "flood": {"RESOURCE_EXHAUSTED", "left"},
    "unknown": {"NOT_FOUND", "left"},
    "hang": {"left"},
}
CALLERS = 16
PATIENCE = 0.02  # mean seconds of a caller who leaves
GROWTH_BYTES = 24 << 20  # allowed between the first fifth and the end

SLICE = pytest.param(500, marks=pytest.mark.process)
WHOLE = pytest.param(10_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])


@pytest.mark.parametrize("calls", [SLICE, WHOLE])
async def test_no_call_is_lost_and_nothing_is_left(tmp_path: Path, calls: int) -> None:
    """Each ends as its function does, or with its caller."""
    with running(tmp_path, FUNCTIONS, "--max-parallel-executables=8") as program:
        async with channel(program.port) as opened:
            caller = Caller(opened, program.address)
            await made(caller, calls // 5, seed=1)
            before = program.resident_bytes()
            ends = await made(caller, calls - calls // 5, seed=2)
            growth = program.resident_bytes() - before
            await at_rest(program)

            assert (await caller(image=image("cat"))).resource_list == INPUT

    wrong = {each: count for each, count in ends.items() if each[1] not in ENDS[each[0]]}
    assert wrong == {}
    assert ends.total() == calls - calls // 5
    assert growth < GROWTH_BYTES


async def made(caller: Caller, calls: int, *, seed: int) -> Counter[tuple[str, str]]:
    """So many calls of several callers at once; how often each function ended how."""
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    names = iter([chance.choice(NAMES) for _ in range(calls)])
    ends: Counter[tuple[str, str]] = Counter()

    async def one_caller() -> None:
        for name in names:
            leaves = name == "hang" or chance.random() < 0.2
            patience = chance.expovariate(1 / PATIENCE) if leaves else None
            ends[name, await end_of(caller, name, patience)] += 1

    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(one_caller())
    return ends


async def end_of(caller: Caller, name: str, patience: float | None) -> str:
    """How one call ended; `left` when its caller did not wait for it."""
    try:
        async with asyncio.timeout(patience):
            await caller(image=image(name))
    except TimeoutError:
        return "left"
    except grpc.aio.AioRpcError as err:
        return str(err.code().name)
    return "OK"


async def at_rest(program: Program) -> None:
    """Wait until nothing runs and nobody is counted as running."""
    await until(lambda: not program.children())
    await until(lambda: program.metric("porch_evaluations_running") == 0)
