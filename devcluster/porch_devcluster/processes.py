"""Running one component of the control plane as a process of its own.

Every process leads its own session, reads nothing and writes to one log file. With a lifeline (see
bundle/main.go) it ends when its launcher ends, even by SIGKILL; without one it stays.
Errors    NotReady when the process is gone, with the end of its log.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from porch_devcluster.errors import NotReady

PROGRAM = "porch-devcluster"
NODE = "node"  # the component that the keeper of a node is
KEEPER = "porch_devcluster.node.keeper"  # the module that a node's keeper runs
KEEPER_WITHIN = timedelta(seconds=20)  # it ends what it keeps before itself
LIFELINE_VARIABLE = "PORCH_DEVCLUSTER_LIFELINE"
LOG_TAIL = 25  # lines that an error shows


class Lifeline:
    """A pipe whose write end only this process holds: its end tells children that we are gone."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()

    def close(self) -> None:
        """End every process that hangs on this line."""
        for descriptor in (self.read_end, self._write_end):
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and where its output goes."""

    name: str
    argv: tuple[str, ...]
    log: Path


class Component:
    """A running component."""

    def __init__(self, command: Command, *, lifeline: Lifeline | None) -> None:
        self.command = command
        environment = dict(os.environ)
        kept: tuple[int, ...] = ()
        if lifeline is not None:
            environment[LIFELINE_VARIABLE] = str(lifeline.read_end)
            kept = (lifeline.read_end,)
        with command.log.open("ab") as log:
            self._process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=command.log.parent,
                env=environment,
                pass_fds=kept,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raise NotReady when the process has exited."""
        status = self._process.poll()
        if status is not None:
            tail = log_tail(self.command.log)
            raise NotReady(f"{self.command.name} must stay up, exited with {status}:\n{tail}")

    def stop(self, *, grace: timedelta = timedelta(0)) -> None:
        """End the process and wait until it is gone; SIGKILL once `grace` is over."""
        if grace:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace.total_seconds())
        self._process.kill()
        self._process.wait()


def log_tail(log: Path) -> str:
    """The last lines of a log, indented, with its name above."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL:] if log.exists() else []
    return "\n".join([f"  {log}:", *(f"    {line[:400]}" for line in lines)])


def of_directory(directory: Path) -> dict[str, int]:
    """Live components whose files lie in `directory`: process number by component.

    Asked of the kernel and not of a file, so that it is right whatever died and when.
    """
    found: dict[str, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            argv = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if name := _component(argv, directory):
                found[name] = int(process.name)
    return found


def _component(argv: list[str], directory: Path) -> str:
    """What a process is of the directory's; "" when it is nothing of it."""
    if argv[0].endswith(f"/{PROGRAM}") and any(f"{directory}/" in part for part in argv[2:]):
        return argv[1]
    if argv[1:4] == ["-m", KEEPER, str(directory)]:
        return NODE
    return ""


def kill_all_of(directory: Path) -> list[str]:
    """Kill the components of `directory` and wait until they are gone; the names of what ran."""
    running = of_directory(directory)
    if keeper := running.get(NODE):
        _end(keeper)
    for pid in of_directory(directory).values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while of_directory(directory):
        time.sleep(0.01)
    return sorted(running)


def _end(keeper: int) -> None:
    """Have a keeper end its node, and wait until it has."""
    deadline = time.monotonic() + KEEPER_WITHIN.total_seconds()
    with contextlib.suppress(ProcessLookupError):
        os.kill(keeper, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.kill(keeper, 0)
            time.sleep(0.01)
