"""Fixtures of commands that get packages from git."""

from __future__ import annotations

from pathlib import Path

import pytest

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.cli.packages import Blueprints, deployment, package
from tests.unit.cli.commandline import Porchctl


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in, with a cache of clones of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def porchctl(capsys: pytest.CaptureFixture[str], workplace: Path) -> Porchctl:
    """The command line, in the workplace."""
    return Porchctl(capsys)


@pytest.fixture
def blueprints(git_server: GitServer, git_repository: Repository) -> Blueprints:
    """Package web with tags web/v1 and web/v2."""
    found = Blueprints(git_repository, git_server.url_of(git_repository))
    found.publish(
        "web/v1",
        {"web/Kptfile": package(), "web/deploy.yaml": deployment(), "web/logo.png": b"\0"},
    )
    found.publish("web/v2", {"web/deploy.yaml": deployment(image="nginx:2")})
    return found
