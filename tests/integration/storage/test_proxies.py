"""Servers behind a proxy, as the environment of the process names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer

pytestmark = pytest.mark.process

PUBLISHER = Path(__file__).with_name("publisher.py")
BEHIND = "http://git.invalid"  # a name that nobody can look up


def publish(url: str, cache: Path, environment: dict[str, str]) -> str:
    """What a process of that environment says of a publication."""
    command = [sys.executable, str(PUBLISHER), url, str(cache), "1"]
    clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        command, env=clean | environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_server_is_reached_by_way_of_the_proxy(
    git_server: GitServer, git_repository: Repository, tmp_path: Path, name: str
) -> None:
    """A plain proxy is asked for whole addresses, and our server answers those as well."""
    url = f"{BEHIND}/{git_repository.name}.git"

    assert "Stored" in publish(url, tmp_path, {name: git_server.url})
    assert "refs/tags/net/vpc/v1" in git_repository.refs()


def test_a_host_that_is_excepted_is_gone_to_straight(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """Servers inside of the cluster."""
    excepted = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}

    assert "Stored" in publish(git_server.url_of(git_repository), tmp_path, excepted)
