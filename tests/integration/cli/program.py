"""porchctl as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

# NB: whoever runs the tests in the background has them ignore SIGINT, which children inherit.
PROGRAM = """\
import signal
from porch.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
PORCHCTL = (sys.executable, "-c", PROGRAM)


def environment(path: Path | None = None) -> dict[str, str]:
    """Ours, with executables of `path` first and no bytecode written beside them."""
    programs = [str(path)] if path is not None else []
    return {
        **os.environ,
        "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def start(
    *arguments: str | Path, directory: Path | None = None, path: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start it; what it prints is of no interest."""
    return subprocess.Popen(
        [*PORCHCTL, *map(str, arguments)],
        cwd=directory,
        env=environment(path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def porchctl(
    *arguments: str | Path, directory: Path | None = None, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*PORCHCTL, *map(str, arguments)],
        cwd=directory,
        env=environment(path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
