"""Functions that are executables: which one runs, its bounds, and that nothing is left of it."""

import asyncio
import re
import stat
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from porch.api.functionconfig import BinaryExecutor, FunctionConfigSpec
from porch.functions.registry import FunctionRegistry
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.executables.evaluator import ExecutableEvaluator, ExecutableSettings
from porch_function_runner.executables.process import ProcessLimits
from porch_function_runner.failures import FunctionFailed, NotServed, Overloaded, TooLarge
from tests.unit.function_runner.calling import INPUT
from tests.unit.function_runner.waiting import gone, is_reaped, until

pytestmark = pytest.mark.process

LIMITS = ProcessLimits(stdout_bytes=1 << 20, stderr_bytes=1000)
SHELL = "#!/bin/sh\n"
PYTHON = f"#!{sys.executable} -IS\n"


class Workshop:
    """A folder of functions and the evaluator that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "functions"
        self.folder.mkdir()
        self.settings = ExecutableSettings(folder=self.folder, limits=LIMITS)

    def write(self, text: str, name: str = "fn") -> Path:
        """Make a function."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def evaluator(self, path: str = "fn") -> ExecutableEvaluator:
        """An evaluator with one function, at tag v1."""
        return ExecutableEvaluator(self.settings, FunctionRegistry.of([self.config(path)]))

    def config(self, path: str = "fn") -> FunctionConfigSpec:
        """The FunctionConfig of the function."""
        binary = BinaryExecutor(tags=["v1"], path=path)
        return FunctionConfigSpec(image="fn", prefixes=["r.example/a"], binary_executor=binary)

    async def run(self, text: str, *, data: bytes = INPUT) -> EvaluationResponse:
        """Make a function and call it."""
        self.write(text)
        return await call(self.evaluator(), data=data)


async def call(
    evaluator: ExecutableEvaluator, image: str = "r.example/a/fn:v1", *, data: bytes = INPUT
) -> EvaluationResponse:
    """Call a function with plenty of time."""
    request = EvaluationRequest(image=image, resource_list=data)
    return await evaluator.evaluate(request, Deadline.within(timedelta(minutes=1)))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty one."""
    return Workshop(tmp_path)


@pytest.mark.parametrize("size", [0, 10, 900_000])
async def test_a_function_reads_the_input_and_prints_the_output(
    workshop: Workshop, size: int
) -> None:
    """As they are, whatever they are."""
    data = bytes(range(256)) * (size // 256)

    answer = await workshop.run(SHELL + "cat; echo said >&2", data=data)

    assert answer == EvaluationResponse(resource_list=data, log=b"said\n")


async def test_a_function_may_print_nothing(workshop: Workshop) -> None:
    """What that means is the caller's to say."""
    assert await workshop.run(SHELL) == EvaluationResponse(resource_list=b"")


async def test_a_function_need_not_read_its_input(workshop: Workshop) -> None:
    """A generator has no use for it."""
    answer = await workshop.run(SHELL + "exec <&-; echo done", data=b"x" * 900_000)

    assert answer.resource_list == b"done\n"


@pytest.mark.parametrize(
    "image",
    [
        "r.example/a/fn:v2",
        "r.example/a/fn:v1-other",
        "r.example/a/fn",
        "r.example/a/fn@sha256:ab",
        "r.example/a/fn:v1@sha256:ab",
        "r.example/a/fnx:v1",
        "r.example/a-evil/fn:v1",
        "r.example/a/b/fn:v1",
        "evil.example/r.example/a/fn:v1",
        "fn:v1",
    ],
)
async def test_only_the_whole_name_registry_and_tag_match(workshop: Workshop, image: str) -> None:
    """A registry that begins like a trusted one is another registry."""
    workshop.write(SHELL)
    with pytest.raises(NotServed):
        await call(workshop.evaluator(), image)


@pytest.mark.parametrize("path", ["../outside", "/bin/cat", "link", "a/../../outside"])
async def test_nothing_outside_of_the_folder_is_run(workshop: Workshop, path: str) -> None:
    """A FunctionConfig says which function runs, not which program of the machine."""
    outside = workshop.folder.parent / "outside"
    outside.write_text(SHELL)
    outside.chmod(0o755)
    (workshop.folder / "link").symlink_to(outside)

    with pytest.raises(FunctionFailed, match="must be inside of the runner's folder"):
        await call(workshop.evaluator(path))


async def test_a_path_may_be_absolute_inside_of_the_folder(workshop: Workshop) -> None:
    """As existing FunctionConfigs have it."""
    path = workshop.write(SHELL + "cat")

    assert (await call(workshop.evaluator(str(path)))).resource_list == INPUT


@pytest.mark.parametrize("make", ["nothing", "folder", "no permission"])
async def test_what_is_not_there_is_told(workshop: Workshop, make: str) -> None:
    """With the image and the file; in the status of the FunctionConfig, too."""
    path = workshop.folder / "fn"
    if make == "folder":
        path.mkdir()
    elif make == "no permission":
        path.write_text(SHELL)
    evaluator = workshop.evaluator()

    words = rf"executable 'fn' must be an executable file in {workshop.folder}"
    with pytest.raises(FunctionFailed, match=rf'function "r\.example/a/fn:v1": {words}'):
        await call(evaluator)
    assert re.match(words, evaluator.problem(workshop.config()))


async def test_what_cannot_be_started_is_told(workshop: Workshop) -> None:
    """In the words of the kernel."""
    with pytest.raises(FunctionFailed, match=r"/fn must be a program: .*Exec format error"):
        await workshop.run("\x00\x01")


async def test_a_function_that_fails_tells_its_code_results_and_standard_error(
    workshop: Workshop,
) -> None:
    """The text has the words that existing callers look for."""
    with pytest.raises(FunctionFailed) as caught:
        await workshop.run(
            SHELL + "cat; printf 'results:\\n- message: no\\n'; echo why >&2; exit 3"
        )

    assert str(caught.value).startswith(
        'Failed to execute function "r.example/a/fn:v1": exit status 3 (why)'
    )
    assert (caught.value.exit_code, caught.value.log) == (3, b"why\n")
    assert [each.message for each in caught.value.results] == ["no"]


async def test_a_function_that_fails_may_print_what_it_likes(workshop: Workshop) -> None:
    """There are no results then."""
    with pytest.raises(FunctionFailed) as caught:
        await workshop.run(SHELL + "printf '{\\377'; exit 1")

    assert caught.value.results == ()


async def test_a_function_that_is_killed_names_the_signal(workshop: Workshop) -> None:
    """A crash is not an exit code."""
    with pytest.raises(FunctionFailed, match="signal: segmentation fault") as caught:
        await workshop.run(SHELL + "kill -SEGV $$")

    assert caught.value.exit_code == 128 + 11


async def test_a_function_that_prints_without_end_is_stopped(workshop: Workshop) -> None:
    """Long before memory is gone."""
    with pytest.raises(TooLarge, match=r'function "r\.example/a/fn:v1" must print at most 1048576'):
        await workshop.run(SHELL + "exec cat /dev/zero")


async def test_of_a_long_standard_error_the_end_is_kept(workshop: Workshop) -> None:
    """The last words are the interesting ones."""
    answer = await workshop.run(PYTHON + "import sys; sys.stderr.write('x' * 3_000_000 + 'end')")

    assert len(answer.log) == 1000
    assert answer.log.endswith(b"xend")


async def test_a_function_sees_nothing_of_the_runner_s_environment(workshop: Workshop) -> None:
    """There may be secrets in it."""
    said = (await workshop.run(SHELL + "env; pwd")).resource_list.decode().splitlines()

    names = {line.partition("=")[0] for line in said[:-1]}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "HOME", "LC_ALL"}
    assert said[-1] == "/"


async def test_a_function_cannot_take_all_memory(workshop: Workshop) -> None:
    """The runner must live on."""
    limits = replace(LIMITS, memory_bytes=512 << 20)
    workshop.settings = replace(workshop.settings, limits=limits)
    # The first line is read before the limits can be late.
    with pytest.raises(FunctionFailed, match="MemoryError"):
        await workshop.run(PYTHON + "import sys; sys.stdin.read(); bytearray(1 << 30)")


async def test_what_a_function_leaves_running_is_ended_with_it(workshop: Workshop) -> None:
    """Its group is, and who left the group is not waited for."""
    mark = workshop.folder / "pids"
    begun = time.monotonic()
    answer = await workshop.run(SHELL + f"sleep 600 & echo $! >{mark}; setsid sleep 5 & echo done")

    assert answer.resource_list == b"done\n"
    assert time.monotonic() - begun < 4
    await gone(int(mark.read_text()))


async def test_a_caller_who_leaves_ends_the_whole_group(workshop: Workshop) -> None:
    """Nobody would read the answer. The child is reaped before the call is over."""
    mark = workshop.folder / "pids"
    workshop.write(SHELL + f"sleep 600 & echo $! $$ >{mark}.new; mv {mark}.new {mark}; wait")
    evaluator = workshop.evaluator()
    running = asyncio.create_task(call(evaluator))
    await until(mark.exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    grandchild, child = map(int, mark.read_text().split())
    assert is_reaped(child)
    await gone(grandchild)
    assert evaluator.state() == {"running": 0, "waiting": 0}


async def test_only_so_many_run_and_so_many_wait(workshop: Workshop) -> None:
    """Those that wait come in turn; one more is told to come again."""
    workshop.settings = replace(workshop.settings, parallel=1, waiting=1)
    gate = workshop.folder / "gate"
    workshop.write(SHELL + f"until [ -e {gate} ]; do sleep 0.01; done; cat")
    evaluator = workshop.evaluator()
    calls = [asyncio.create_task(call(evaluator)) for _ in range(3)]
    await until(calls[2].done)
    assert evaluator.state() == {"running": 1, "waiting": 1}
    gate.touch()

    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in outcomes] == [
        EvaluationResponse,
        EvaluationResponse,
        Overloaded,
    ]


async def test_a_call_that_is_cancelled_in_line_takes_no_turn(workshop: Workshop) -> None:
    """And the ones behind it are served."""
    workshop.settings = replace(workshop.settings, parallel=1)
    gate = workshop.folder / "gate"
    workshop.write(SHELL + f"until [ -e {gate} ]; do sleep 0.01; done; cat")
    evaluator = workshop.evaluator()
    calls = [asyncio.create_task(call(evaluator)) for _ in range(3)]
    await until(lambda: evaluator.state() == {"running": 1, "waiting": 2})
    calls[1].cancel()
    gate.touch()

    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in outcomes] == [
        EvaluationResponse,
        asyncio.CancelledError,
        EvaluationResponse,
    ]
    assert evaluator.state() == {"running": 0, "waiting": 0}
