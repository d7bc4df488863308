"""Clusters and nodes that other processes start, and that must live as long as those or longer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porch_devcluster.processes import of_directory

_LAUNCHER = """
import json, sys
from porch_devcluster.provider import {provider}
with {provider}() as it:
    print(json.dumps([{directory}, {fact}]), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Launched:
    """A launcher process and what it started."""

    process: subprocess.Popen[str]
    directory: Path
    fact: Any  # Any: what the caller asked the launcher for, as JSON has it

    @property
    def components(self) -> dict[str, int]:
        """The processes that run, by name."""
        return of_directory(self.directory)

    def end(self) -> None:
        """End the launcher politely: its input closes, which it waits for."""
        self.process.communicate()


@contextmanager
def launched(
    provider: str, *, directory: str, fact: str, number: int = 1
) -> Iterator[list[Launched]]:
    """So many of what a provider yields as `it`, started at once; tells two expressions of each."""
    script = _LAUNCHER.format(provider=provider, directory=directory, fact=fact)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(number)
    ]
    try:
        yield [_answer_of(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def command(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line, which must succeed, with a cache directory of the test's own."""
    done = subprocess.run(
        [sys.executable, "-m", "porch_devcluster", *arguments],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def _answer_of(process: subprocess.Popen[str]) -> Launched:
    assert process.stdout is not None
    directory, fact = json.loads(process.stdout.readline())
    return Launched(process, Path(directory), fact)
