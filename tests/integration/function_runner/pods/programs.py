"""Starts runners as processes, beside the test or inside of a node, and calls them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from porch_devcluster.node.node import Node
from tests.integration.installed import ROOT
from tests.unit.function_runner.calling import Caller

_PROGRAM = "tests.integration.function_runner.pods.runnerprogram"


_SERVING = b'"runner is serving"'


@dataclass(slots=True)
class Program:
    """A runner's process."""

    process: asyncio.subprocess.Process
    port: int

    async def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def program(
    kubeconfig: Path,
    namespace: str,
    runner: str,
    *,
    address: str = "pod-ip",
    wrapper: str = "registry.example/wrapper:v1",
) -> AsyncIterator[Program]:
    """A runner of pods alone until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", _PROGRAM, namespace, runner, address, wrapper),
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield Program(process, int(await asyncio.wait_for(process.stdout.readline(), 30)))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def whole_program(
    node: Node, namespace: str, runner: str, *, wrapper: str
) -> AsyncIterator[Program]:
    """The runner as it is shipped, inside of a node; four pods of two calls for each image."""
    flags = (
        *("--port=0", "--metrics-port=0", "--shutdown-grace=1s", f"--pod-namespace={namespace}"),
        *("--max-parallel-pods-per-function=4", "--max-waitlist-length=2"),
    )
    facts = {
        "KUBECONFIG": str(node.cluster.kubeconfig),
        "PYTHONPATH": str(ROOT),
        "WRAPPER_SERVER_IMAGE": wrapper,
        "POD_NAME": runner,
    }
    process = await asyncio.create_subprocess_exec(
        *node.inside([sys.executable, "-m", "porch_function_runner.main", *flags]),
        env=os.environ | facts,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr
    async with asyncio.TaskGroup() as tasks:
        try:
            port = await asyncio.wait_for(_port(said), 30)
            reading = tasks.create_task(said.read())  # or its pipe fills
            yield Program(process, port)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        reading.cancel()


async def _port(log: asyncio.StreamReader) -> int:
    """The port that a runner serves on, from its log."""
    said = b""
    async for line in log:
        said += line
        if _SERVING in line:
            return int(json.loads(line)["port"])
    raise AssertionError(f"the runner must serve, it said:\n{said.decode()}")


def caller(opened: grpc.aio.Channel) -> Caller:
    """Speaks to a runner."""
    return Caller(opened, "")
