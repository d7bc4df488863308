"""The build of the control plane: once, with an explanation when it fails.

A program of the test's own stands in for Go on PATH, since the real build takes minutes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from porch_devcluster.build import bundle
from porch_devcluster.errors import BuildFailed
from porch_devcluster.kubectl import version_of

pytestmark = pytest.mark.process

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit; fi
echo "$@" >> "{calls}"
echo "go: downloading example.com/one v1.0.0" >&2
echo "example.com/one" >&2
{then}
"""
# The last argument but one is the file to write.
SUCCEED = 'while [ "$1" != -o ]; do shift; done; echo program > "$2"'
FAIL = 'echo "main.go:1:1: no such thing" >&2; exit 1'


class Said:
    """Remembers what a build told of itself."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def update(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in notes its calls; the cache is the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "calls"


def install_go(calls: Path, *, then: str) -> None:
    """Put the stand-in on PATH."""
    go = calls.parent / "go"
    go.write_text(GO.format(calls=calls, then=then))
    go.chmod(0o755)


def test_the_program_is_built_once(calls: Path) -> None:
    """Minutes the first time, nothing after that; and the first time shows its progress."""
    install_go(calls, then=SUCCEED)
    said = Said()
    first, second = bundle(said), bundle(said)

    assert first == second
    assert first.read_text() == "program\n"
    assert len(calls.read_text().splitlines()) == 1
    assert "1 modules fetched, 1 packages compiled" in "\n".join(said.lines)


def test_a_failed_build_shows_why_and_leaves_nothing(calls: Path) -> None:
    """Nobody reads a log file; and the next try must not take half a program for a whole one."""
    install_go(calls, then=FAIL)
    with pytest.raises(BuildFailed, match=r"main\.go:1:1: no such thing"):
        bundle(Said())
    left = [it.name for it in (calls.parent / "cache/porch/devcluster").iterdir() if it.is_dir()]
    install_go(calls, then=SUCCEED)

    assert left == []
    assert bundle(Said()).exists()


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ('{"clientVersion": {"gitVersion": "v1.32.4-dispatcher"}}', (1, 32)),
        ('{"clientVersion": {"gitVersion": "v1.9.0"}}', (1, 9)),
        ("no version", ()),
    ],
)
def test_a_kubectl_says_its_version(tmp_path: Path, answer: str, version: tuple[int, ...]) -> None:
    """Compared as numbers: 1.9 is older than 1.31; one that does not answer is no kubectl."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\necho '{answer}'\n")
    kubectl.chmod(0o755)

    assert version_of(kubectl) == version
