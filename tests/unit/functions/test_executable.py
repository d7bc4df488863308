"""Executables: how they are found, bounded and killed."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from porch.functions.executable import ExecutableLimits, ExecutableRuntime
from porch.kpt.evaluate import FunctionCall, FunctionNotRun
from tests.unit.functions.calls import items, resource, written

pytestmark = pytest.mark.process

ITEM = resource("ConfigMap")


def run(program: str, limits: ExecutableLimits | None = None, text: str = ITEM) -> object:
    """Run a Python program as a function."""
    runtime = ExecutableRuntime(limits or ExecutableLimits())
    call = FunctionCall(exec=f"{sys.executable} -c '{program}'", items=items(text))
    return runtime.evaluate(call)


def test_cat_is_the_function_that_changes_nothing() -> None:
    """Found on PATH; what it read is what it printed."""
    output = ExecutableRuntime().evaluate(FunctionCall(exec="cat", items=items(ITEM)))

    assert output is not None
    assert written(output.items) == ITEM
    assert output.through_text


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "no-such-program a",
            r'unexpected function error: exec: "no-such-program": '
            r"executable file not found in \$PATH",
        ),
        ("cat 'open", "must be a command line"),
        ("  ", "must name an executable"),
    ],
)
def test_what_cannot_be_started_is_told(command: str, message: str) -> None:
    """In kpt's words where it has some."""
    with pytest.raises(FunctionNotRun, match=message):
        ExecutableRuntime().evaluate(FunctionCall(exec=command))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print(chr(9) + chr(34))", "the function must print a ResourceList|must be YAML"),
        ("print(chr(97) * 3000000)", "must not print more than 1 MiB"),
        ("import time; time.sleep(60)", r"must end within 0\.3 s, and was stopped"),
        ("import os, time; os.close(1); os.close(2); time.sleep(60)", r"must end within 0\.3 s"),
    ],
    ids=["no YAML", "too much", "too slow", "silent and too slow"],
)
def test_a_function_that_misbehaves_is_stopped(program: str, message: str) -> None:
    """Within its bounds of time and output."""
    slow = "sleep" in program
    limits = ExecutableLimits(
        time=timedelta(milliseconds=300) if slow else timedelta(minutes=1), stdout_bytes=1 << 20
    )
    with pytest.raises(FunctionNotRun, match=message):
        run(program, limits)


def test_a_deadline_kills_the_whole_group(tmp_path: Path) -> None:
    """A shell's children must not go on."""
    mark = tmp_path / "pid"
    program = (
        "import subprocess; "
        f'p = subprocess.Popen(["sleep", "60"]); open("{mark}", "w").write(str(p.pid)); p.wait()'
    )
    with pytest.raises(FunctionNotRun):
        run(program, ExecutableLimits(time=timedelta(seconds=1)))

    assert not _runs_within(int(mark.read_text()), seconds=5)


def test_a_failing_function_may_print_what_it_likes() -> None:
    """Its standard error is what counts."""
    output = run('import sys; print("{"); sys.exit("why")')

    assert (output.exit_code, output.stderr) == (1, "why\n")  # type: ignore[attr-defined]


def test_a_function_need_not_read_its_input() -> None:
    """A generator has no use for it."""
    program = 'print("kind: ResourceList\\nitems: []")'
    big = resource("ConfigMap", f"data: {{k: {'x' * 1_000_000}}}")

    output = run(program, text=big)

    assert output.exit_code == 0  # type: ignore[attr-defined]


def test_standard_error_is_cut_and_not_waited_for() -> None:
    """Whatever a function logs, memory stays bounded."""
    program = 'import sys; sys.stderr.write("x" * 3000000); print("kind: ResourceList\\nitems: []")'

    output = run(program)

    assert len(output.stderr) == 1 << 20  # type: ignore[attr-defined]


def _runs_within(pid: int, *, seconds: float) -> bool:
    """Whether the process is still there at the end of the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
    return True
