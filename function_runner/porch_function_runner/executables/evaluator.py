"""The evaluator of functions that are executables.

Which one serves an image is what FunctionConfigs with a `binaryExecutor` say: the name whole, the
repository equal to one of the prefixes, the tag (or the digest, when the image has one) listed.
The file must be inside of the runner's folder of functions, whatever its path says.
Errors    NotServed, FunctionFailed (it cannot be started, or failed), TooLarge, Overloaded.
Bounds    `parallel` runs at once, `waiting` calls in line.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from porch.api.functionconfig import FunctionConfigSpec
from porch.functions.registry import FunctionRegistry
from porch.kpt.evaluate import ResultItem
from porch.kpt.resourcelist import read_printed
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.executables.placement import Misplaced, program_in
from porch_function_runner.executables.process import Ended, ProcessLimits, run
from porch_function_runner.failures import (
    FunctionFailed,
    NotServed,
    Overloaded,
    TooLarge,
    quoted,
)

_READABLE_BYTES = 1 << 20  # of the output of a failed function: what is larger is not looked into
_CORRECTION_SECONDS = 1  # of CPU, by which the wait for the deadline comes first


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutableSettings:
    """How executables are run."""

    folder: Path
    limits: ProcessLimits
    parallel: int = 16
    waiting: int = 1000


class ExecutableEvaluator:
    """Runs executables for the images that `registry` maps to them; it may change at any time."""

    name = "exec"

    def __init__(self, settings: ExecutableSettings, registry: FunctionRegistry) -> None:
        self.registry = registry
        self._settings = settings
        self._folder = settings.folder.resolve()
        self._turns = asyncio.Semaphore(settings.parallel)
        self._running = 0
        self._waiting = 0

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """Run the executable that stands for the image."""
        path = self.registry.executable(self.registry.resolve(request.image))
        if path is None:
            raise NotServed(request.image)
        program = program_in(self._folder, path)
        if isinstance(program, Misplaced):
            raise _failed(request.image, program.why)
        async with self._turn():
            ended = await self._run(program, request, deadline)
        return await _answer(ended, request.image, self._settings.limits)

    def problem(self, config: FunctionConfigSpec) -> str:
        """What is wrong with the executable of a FunctionConfig; "" for nothing."""
        if config.binary_executor is None:
            return ""
        program = program_in(self._folder, config.binary_executor.path)
        return program.why if isinstance(program, Misplaced) else ""

    def state(self) -> dict[str, object]:
        """What it does now."""
        return {"running": self._running, "waiting": self._waiting}

    async def _run(self, program: Path, request: EvaluationRequest, deadline: Deadline) -> Ended:
        seconds = int(deadline.remaining().total_seconds()) + _CORRECTION_SECONDS
        limits = self._settings.limits
        if seconds < limits.cpu_seconds:
            limits = replace(limits, cpu_seconds=seconds)
        try:
            return await run(program, request.resource_list, limits)
        except OSError as err:
            raise _failed(request.image, f"{program} must be a program: {err}") from err

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        if self._turns.locked() and self._waiting >= self._settings.waiting:
            raise Overloaded(
                f"at most {self._settings.waiting} calls may wait for an executable: call again"
                " later, or raise `--max-parallel-executables` or `--max-waiting-executables`"
            )
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._turns.release()


async def _answer(ended: Ended, image: str, limits: ProcessLimits) -> EvaluationResponse:
    if ended.has_overflowed:
        raise TooLarge(
            f"function {quoted(image)} must print at most {limits.stdout_bytes} bytes, and was"
            " stopped: let it print less, or raise `--max-request-body-size`"
        )
    if ended.exit_code == 0:
        return EvaluationResponse(resource_list=ended.stdout, log=ended.stderr)
    results: tuple[ResultItem, ...] = ()
    if 0 < len(ended.stdout) <= _READABLE_BYTES:
        read = partial(read_printed, ended.stdout, exit_code=ended.exit_code)
        results = (await asyncio.to_thread(read)).results
    raise _failed(image, _how(ended.exit_code), results=results, ended=ended)


def _failed(
    image: str, how: str, *, results: tuple[ResultItem, ...] = (), ended: Ended | None = None
) -> FunctionFailed:
    log = ended.stderr if ended else b""
    said = "; ".join(map(str, results))
    return FunctionFailed(
        f"Failed to execute function {quoted(image)}: {how}"
        f" ({log.decode(errors='replace').strip()}){' ' + said if said else ''}",
        exit_code=_code(ended.exit_code) if ended else 1,
        results=results,
        log=log,
    )


def _how(exit_code: int) -> str:
    if exit_code > 0:
        return f"exit status {exit_code}"
    return f"signal: {signal.strsignal(-exit_code) or -exit_code}".lower()


def _code(exit_code: int) -> int:
    """As a shell has it: 128 + N for signal N."""
    return exit_code if exit_code > 0 else 128 - exit_code
