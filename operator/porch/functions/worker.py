"""The child's side of the render pool: renders one package after the other.

Effects: answers on a pipe; ends when the pipe does, so no worker outlives its parent. Before each
function it says which one starts, so that a parent that must kill it can name the culprit.
"""

import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TypeAlias

import msgspec

from porch.errors import PorchError
from porch.functions.runtime import BuiltinRuntime, Chain
from porch.functions.sandbox.parent import Sandbox
from porch.kpt.evaluate import FunctionCall, FunctionOutput
from porch.kpt.outcome import Rendered
from porch.kpt.render import render
from porch.kpt.results import function_result_list

ENOUGH_STDERR = 2000  # characters of each function's standard error that are kept

Texts: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Started:
    """A function begins."""

    title: str


@dataclass(frozen=True, slots=True)
class Ran:
    """One function that ran."""

    title: str
    exit_code: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The render ended; `texts` is the rendered package, or empty when it failed."""

    texts: Texts
    error: str  # "" when it succeeded
    functions: tuple[Ran, ...]
    results: bytes  # JSON of a FunctionResultList, b"" when no function ran


@dataclass(frozen=True, slots=True)
class Broken:
    """The render ended in an error that is not the package's fault."""

    reason: str
    message: str


@dataclass(slots=True)
class _Timed:
    """Measures each function and says when it starts."""

    chain: Chain
    pipe: Connection
    milliseconds: list[int] = field(default_factory=list)

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        self.pipe.send(Started(call.title))
        begun = time.perf_counter()
        try:
            return self.chain(call)
        finally:
            self.milliseconds.append(round((time.perf_counter() - begun) * 1000))


def serve(pipe: Connection) -> None:
    """Answer jobs until the pipe is closed."""
    with Sandbox() as sandbox:
        chain = Chain([BuiltinRuntime(sandbox)])
        while True:
            try:
                texts = pipe.recv()
            except (EOFError, OSError):
                return
            pipe.send(_answer(texts, _Timed(chain, pipe)))


def _answer(texts: Texts, evaluate: _Timed) -> Finished | Broken:
    try:
        outcome = render(texts, evaluate=evaluate)
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


def _explained(function: str, message: str) -> str:
    words = f"function {function}: {message}" if function else message
    return words[-ENOUGH_STDERR:]
