"""The child's side of the render pool: renders one package after the other.

Started as `python -P -m porch.functions.worker PARENT_PID RUNNER [SCHEMA_DIRECTORY…]`, RUNNER as
JSON of RemoteSettings. Reads jobs from standard input, writes answers to what was standard output,
and ends with its parent. Before each function it says which one starts, so that a parent that must
kill it can name the culprit. What is not built in goes to the function runner over the worker's own
connection, which ends with it: the runner then drops the call.
"""

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from porch.api.functionconfig import FunctionConfigSpec
from porch.errors import PorchError
from porch.functions.childprocess import die_with_parent, private_stdout
from porch.functions.registry import PORTS, FunctionRegistry
from porch.functions.remotesettings import RemoteSettings
from porch.functions.renderjob import (
    HEADER_BYTES,
    Answer,
    Broken,
    Finished,
    Ran,
    Ready,
    RenderJob,
    Started,
    Texts,
    body_bytes,
    decode_job,
    encode,
)
from porch.functions.runtime import BuiltinRuntime, Chain, FunctionRuntime
from porch.functions.sandbox.parent import Sandbox
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.evaluate import FunctionCall, FunctionOutput
from porch.kpt.outcome import Rendered
from porch.kpt.render import render
from porch.kpt.results import function_result_list

if TYPE_CHECKING:
    from porch.functions.remote import RunnerClient

ENOUGH_ERROR = 2000  # characters of an error that are kept, from its end

_WARM_UP: Texts = {
    "Kptfile": (
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: warm-up\npipeline:\n"
        "  mutators:\n    - image: set-namespace:v0.4.1\n      configMap:\n        namespace: n\n"
    )
}


def main() -> None:
    """Serve until the parent closes our input."""
    die_with_parent(int(sys.argv[1]))
    jobs, answers = sys.stdin.buffer, private_stdout()
    runner = msgspec.json.decode(sys.argv[2], type=RemoteSettings)
    schema_files = SchemaDirectories(tuple(map(Path, sys.argv[3:])))
    with Sandbox() as sandbox, _opened(runner) as remote:
        worker = _Worker(answers, sandbox, remote=remote, schema_files=schema_files)
        worker.warm_up()
        worker.send(Ready())
        while (job := _read(jobs)) is not None:
            worker.send(worker.answer(job))


@contextmanager
def _opened(settings: RemoteSettings) -> Iterator["RunnerClient | None"]:
    """The client of the runner, if there is one."""
    if not settings.address:
        yield None
        return
    from porch.functions.remote import open_runner  # gRPC, for those who have a runner

    with open_runner(settings) as client:
        yield client


def _read(jobs: BinaryIO) -> RenderJob | None:
    header = jobs.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    return decode_job(jobs.read(body_bytes(header)))


class _Worker:
    """Renders, and keeps what is worth keeping between two jobs."""

    def __init__(
        self,
        answers: BinaryIO,
        sandbox: Sandbox,
        *,
        remote: "RunnerClient | None",
        schema_files: SchemaDirectories,
    ) -> None:
        self._answers = answers
        self._sandbox = sandbox
        self._remote = remote
        self._schema_files = schema_files
        self._configs: tuple[FunctionConfigSpec, ...] = ()
        self._chain = self._chain_of(())

    def send(self, answer: Answer) -> None:
        """Tell the parent."""
        self._answers.write(encode(answer))
        self._answers.flush()

    def warm_up(self) -> None:
        """Import the ports and render once, so that the first job costs what all others do."""
        for port in PORTS.values():
            importlib.import_module(f"porch.functions.builtin.{port.module}")
        render(_WARM_UP, evaluate=self._chain)

    def answer(self, job: RenderJob) -> Finished | Broken:
        """The outcome of one job."""
        if job.configs != self._configs:
            self._chain, self._configs = self._chain_of(job.configs), job.configs
        evaluate = _Timed(self._chain, self)
        try:
            outcome = render(job.texts, evaluate=evaluate)
        except PorchError as err:
            return Broken(err.reason, str(err))
        times = [*evaluate.milliseconds, *([0] * len(outcome.functions))]
        ran = tuple(
            Ran(each.title, each.exit_code, took)
            for each, took in zip(outcome.functions, times, strict=False)
        )
        results = b""
        if outcome.functions:
            results = msgspec.json.encode(function_result_list(outcome.functions))
        if not isinstance(outcome, Rendered):
            return Finished({}, _explained(outcome.function, outcome.message), ran, results)
        rendered = {
            path: data if isinstance(data, str) else data.decode()
            for path, data in outcome.files.items()
        }
        return Finished(rendered, "", ran, results)

    def _chain_of(self, configs: tuple[FunctionConfigSpec, ...]) -> Chain:
        registry = FunctionRegistry.of(configs)
        builtins = BuiltinRuntime(self._sandbox, registry, self._schema_files)
        runtimes: list[FunctionRuntime] = [builtins]
        if self._remote is not None:
            runtimes.append(self._remote.runtime(registry))
        return Chain(runtimes, registry)


@dataclass(slots=True)
class _Timed:
    """Measures each function and says when it starts."""

    chain: Chain
    worker: _Worker
    milliseconds: list[int] = field(default_factory=list)

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        self.worker.send(Started(call.title))
        begun = time.perf_counter()
        try:
            return self.chain(call)
        finally:
            self.milliseconds.append(round((time.perf_counter() - begun) * 1000))


def _explained(function: str, message: str) -> str:
    """The message with the function that it is about, which it may name already."""
    words = f"function {function}: {message}" if function and function not in message else message
    return words[-ENOUGH_ERROR:]


if __name__ == "__main__":
    main()
