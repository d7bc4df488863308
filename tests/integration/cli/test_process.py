"""porchctl as people meet it: how fast it starts, what a terminal shows, and how it is stopped."""

import os
import pty
import resource
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.program import PORCHCTL, environment, porchctl
from tests.unit.cli.commandline import CONFIG_MAP, TO_SHOP, kptfile, write_tree

pytestmark = pytest.mark.process

START_SECONDS = 0.6  # of CPU; 0.3 is promised of an idle machine, and tests run on busy ones


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A tiny package with one function."""
    return write_tree(tmp_path / "pkg", {"Kptfile": kptfile(TO_SHOP), "a.yaml": CONFIG_MAP})


@pytest.mark.parametrize("command", [("--help",), ("fn", "render", "pkg", "-o", "unwrap")])
def test_it_starts_at_once(package: Path, command: tuple[str, ...]) -> None:
    """CPU time, so that neighbours do not count; bytecode is compiled by the first run."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert porchctl(*command, directory=package.parent).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    assert min(spent) < START_SECONDS


def test_a_terminal_shows_colours(package: Path) -> None:
    """And a pipe does not."""
    ours, theirs = pty.openpty()
    environ = {**environment(), "TERM": "xterm"}
    environ.pop("NO_COLOR", None)
    command = [*PORCHCTL, "fn", "render", str(package)]
    subprocess.run(command, stderr=theirs, env=environ, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert "\x1b[32m[PASS]\x1b[0m" in shown
    assert "\x1b" not in porchctl("fn", "render", package).stderr


def test_a_reader_that_goes_away_is_no_defect(package: Path) -> None:
    """As in `porchctl … | head -1`."""
    name = "x" * 100
    many = "---\n".join(CONFIG_MAP.replace("name: a", f"name: {name}{n}") for n in range(2000))
    write_tree(package, {"many.yaml": many})
    read, write = os.pipe()
    os.close(read)
    command = [*PORCHCTL, "fn", "render", str(package), "-o", "unwrap"]
    ended = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False
    )
    os.close(write)

    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert b"BrokenPipe" not in ended.stderr
