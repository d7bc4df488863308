"""The Go programs keep their own tests, which need the Go toolchain and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from porch_devcluster.build import WRAPPER
from porch_devcluster.goprogram import go_for
from porch_devcluster.progress import progress_for_this_output

pytestmark = pytest.mark.process


def run_go(module: Path, *arguments: str) -> str:
    """What a command of the toolchain says; it must succeed."""
    go = go_for(module, progress_for_this_output())
    done = subprocess.run(
        [str(go), *arguments],
        cwd=module,
        env=os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("command", ["vet", "test"])
def test_the_wrapper_passes_its_own_tests(command: str) -> None:
    """Its processes, its texts and its limits are tested where they are written."""
    run_go(WRAPPER.module, command, "./...")
