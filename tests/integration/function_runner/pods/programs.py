"""Starts runners as processes, beside the test or inside of a node, and calls them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from tests.integration.installed import ROOT
from tests.unit.function_runner.calling import Caller

_PROGRAM = "tests.integration.function_runner.pods.runnerprogram"


@dataclass(slots=True)
class Program:
    """A runner's process."""

    process: asyncio.subprocess.Process
    port: int

    async def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        await self.process.wait()


def _here(argv: Sequence[str]) -> Sequence[str]:
    return argv


@asynccontextmanager
async def program(
    kubeconfig: Path,
    namespace: str,
    runner: str,
    *,
    address: str = "pod-ip",
    wrapper: str = "registry.example/wrapper:v1",
    placed: Callable[[Sequence[str]], Sequence[str]] = _here,
) -> AsyncIterator[Program]:
    """A runner until the end of the block; `placed` says where its command runs."""
    process = await asyncio.create_subprocess_exec(
        *placed([sys.executable, "-m", _PROGRAM, namespace, runner, address, wrapper]),
        # The working directory is another one inside of a node.
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


def caller(opened: grpc.aio.Channel) -> Caller:
    """Speaks to a runner."""
    return Caller(opened, "")
