"""What a call of the function runner costs beside the function.

Run as `python -m bench.bench_runner`. The function is `cat`, the input the resources of the package
of all figures (some 2 kB). Overhead is the latency of calls less that of starting the same program
directly, as cheaply as Python can, both with as many callers at once, in turns so that both see the
same machine. Runner and callers are two processes; on a machine with few cores they and the
functions compete.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.bench_functions import items
from bench.recording import write
from bench.results import Better, Result
from porch.kpt.resourcelist import write_input
from porch_function_runner.executables.childwatch import wait_without_threads
from tests.unit.function_runner.calling import Caller, channel
from tests.unit.function_runner.program import PREFIX, image, running

CALLERS = 8
ROUNDS = 12
CALLS = 80  # a round, of all callers together
DIGEST = "ab" * 32

Call = Callable[[], Awaitable[object]]


def main() -> None:
    """Measure everything and write bench/results/runner.json."""
    wait_without_threads()
    write("runner", asyncio.run(measured()))


async def measured() -> list[Result]:
    """All figures, with one runner."""
    text = write_input(items()).encode()
    cat = shutil.which("cat") or "/bin/cat"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(cat, Path(folder) / "program")
        script = f"#!/bin/sh\nexec {folder}/program\n"
        with running(Path(folder), {"cat": script}, tags=f"v1, {DIGEST}") as program:
            async with channel(program.port) as opened:
                caller = Caller(opened, program.address)

                async def direct() -> None:
                    await echoed(Path(folder) / "cat", text=text)

                async def call() -> object:
                    return await caller(image=image("cat"), resource_list=text)

                async def pinned() -> object:
                    name = f"{PREFIX}/cat@sha256:{DIGEST}"
                    return await caller(image=name, resource_list=text)

                return [
                    *await overhead(direct, call),
                    *[await throughput(call, callers) for callers in (1, 8, 64)],
                    *await hits(pinned),
                ]


async def overhead(direct: Call, call: Call) -> list[Result]:
    """Calls beside direct starts, with so many callers at once."""
    await latencies(call, CALLERS, CALLS)
    alone: list[float] = []
    called: list[float] = []
    for _ in range(ROUNDS):
        alone += await latencies(direct, CALLERS, CALLS)
        called += await latencies(call, CALLERS, CALLS)
    case = f"executable, {CALLERS} callers"
    added = statistics.median(called) - statistics.median(alone)
    return [
        Result(case, "started directly, median", statistics.median(alone) * 1000, "ms"),
        Result(case, "called, median", statistics.median(called) * 1000, "ms"),
        Result(case, "added by the call, median", added * 1000, "ms", 5.0),
        Result(case, "added by the call, p99", (p99(called) - p99(alone)) * 1000, "ms", 25.0),
    ]


async def throughput(call: Call, callers: int) -> Result:
    """Calls a second with so many callers at once."""
    calls = max(CALLS * 4, callers * 10)
    begun = time.perf_counter()
    await latencies(call, callers, calls)
    per_second = calls / (time.perf_counter() - begun)
    name = "1 caller" if callers == 1 else f"{callers} callers"
    return Result("executable, throughput", name, per_second, "calls/s", better=Better.HIGHER)


async def hits(pinned: Call) -> list[Result]:
    """Calls that are answered from the cache."""
    await pinned()
    took = await latencies(pinned, 1, CALLS * 10)
    case = "answer from the cache"
    return [
        Result(case, "1 caller, median", statistics.median(took) * 1000, "ms"),
        Result(case, "1 caller, p99", p99(took) * 1000, "ms"),
    ]


async def latencies(call: Call, callers: int, calls: int) -> list[float]:
    """How long each of the calls took, in seconds."""
    left = iter(range(calls))
    took: list[float] = []

    async def one_caller() -> None:
        for _ in left:
            begun = time.perf_counter()
            await call()
            took.append(time.perf_counter() - begun)

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(one_caller())
    return took


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[len(values) * 99 // 100]


async def echoed(program: Path, *arguments: str, text: bytes) -> None:
    """Start a program directly that must print its input."""
    command = (str(program), *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    printed, _ = await process.communicate(text)
    if process.returncode != 0 or printed != text:
        raise RuntimeError(
            f"{command} must print its input, found exit code {process.returncode} and"
            f" {len(printed)} bytes: it is not the program that calls are compared with"
        )


if __name__ == "__main__":
    main()
