"""The git program, as commands run it: what it says, how long it may take, when it is not there."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from porch.cli.packages.gitcommand import Call, run_git
from tests.integration.cli.packages import Blueprints
from tests.integration.cli.program import start
from tests.unit.cli.commandline import Porchctl

pytestmark = pytest.mark.process


def put_git(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program `git` that comes before the real one."""
    (directory / "git").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


def is_running(process: str) -> bool:
    """Whether a process has not ended; one that nobody waited for has."""
    try:
        return bool(Path("/proc", process, "cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_ssh_says_is_not_lost(
    porchctl: Porchctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines end as those of progress do."""
    words = "ssh: Could not resolve hostname h: Name or service not known"
    put_git(tmp_path, f"printf '{words}\\r\\nfatal: Could not read\\n' >&2; exit 128", monkeypatch)
    ended = porchctl("pkg", "get", "git@h:r.git/web@v1")

    assert f"git@h:r.git must be reachable: {words}" in ended.stderr


def test_a_git_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that it started."""
    put_git(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait", monkeypatch)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        run_git(Call(arguments=(), within=timedelta(seconds=1)), lambda _: None)

    assert time.monotonic() - started < 30
    assert not is_running((tmp_path / "child").read_text().strip())


def test_without_git_it_is_said_what_to_install(
    porchctl: Porchctl, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else here needs it."""
    monkeypatch.setenv("PATH", str(workplace))

    assert "install git" in porchctl("pkg", "get", "https://h/r.git/web@v1").stderr


def test_a_cache_that_cannot_be_is_told_with_what_to_set(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home directory may be read-only."""
    (workplace / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(workplace / "file"))
    ended = porchctl("pkg", "get", f"{blueprints.url}/web@v1")

    assert "set XDG_CACHE_HOME to a directory that is" in ended.stderr


def test_commands_at_the_same_time_share_a_clone(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """Each waits for the other's fetch."""
    names = ("one", "two", "three")
    running = [start("pkg", "get", f"{blueprints.url}/web@v2", name) for name in names]

    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert all((workplace / name / "Kptfile").exists() for name in names)
