"""The sandbox: each limit holds, and the next call works."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import porch
from porch.functions.sandbox.limits import LimitExceeded, Limits, RefusedByChild
from porch.functions.sandbox.parent import Sandbox

pytestmark = pytest.mark.process

ENDLESS = "def f():\n  for i in range(2000000000):\n    pass\nf()"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with little of everything."""
    limits = Limits(time=timedelta(seconds=1), memory_bytes=128 << 20, ksteps=10_000)
    with Sandbox(limits) as made:
        yield made


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (ENDLESS, "must not take more than 10000000 steps"),
        ("x = [0] * 100000000", "must not use more than 128 MiB of memory"),
        ("x = 'a' * 1000000000", "must not use more than 128 MiB of memory"),
    ],
)
def test_a_script_that_wants_too_much_is_stopped_and_the_next_one_runs(
    sandbox: Sandbox, source: str, message: str
) -> None:
    """One bad package must not disturb the others."""
    with pytest.raises(LimitExceeded, match=message):
        sandbox.run_starlark(source, "{}")

    assert sandbox.run_starlark("print('on')", "{}").printed == "on\n"


def test_a_script_that_takes_too_long_is_killed() -> None:
    """Even when it does not count steps."""
    limits = Limits(time=timedelta(milliseconds=300), ksteps=1 << 40)
    begun = time.monotonic()
    with Sandbox(limits) as sandbox:
        sandbox.run_starlark("x = 1", "{}")  # the child is up
        with pytest.raises(LimitExceeded, match=r"must finish within 0\.3 s"):
            sandbox.run_starlark(ENDLESS, "{}")

    assert time.monotonic() - begun < 5


def test_deep_recursion_is_an_error_of_the_script(sandbox: Sandbox) -> None:
    """Not the end of the process."""
    with pytest.raises(RefusedByChild, match="stack overflow"):
        sandbox.run_starlark("def f(n):\n  return f(n + 1)\nf(0)", "{}")


def test_a_call_that_was_interrupted_leaves_nothing_for_the_next() -> None:
    """A late answer must not be taken for that of another call."""
    sandbox = Sandbox(Limits(ksteps=1 << 40))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        sandbox.run_starlark("x = 1", "{}")
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            sandbox.run_starlark(ENDLESS, "{}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)

    with sandbox:
        assert sandbox.search("b", ["abc"])[0] is not None


def test_a_malformed_pattern_is_refused(sandbox: Sandbox) -> None:
    """With what RE2 says about it."""
    with pytest.raises(RefusedByChild, match=r"missing \): \("):
        sandbox.search("(", ["x"])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_the_child_does_not_outlive_its_parent() -> None:
    """A killed worker must not leave its script running."""
    program = (
        "from porch.functions.sandbox.parent import Sandbox\n"
        "s = Sandbox(); s.search('a', ['a'])\n"
        "print(s._child.pid, flush=True)\n"
        f"s.run_starlark({ENDLESS!r}, '{{}}')\n"
    )
    root = Path(porch.__path__[0]).parent
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] not in "ZX"
