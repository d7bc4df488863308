"""Fixtures of all tests that need more than Python: a cluster, a git server, and users of both.

Nothing is skipped for want of a cluster: one that cannot be had is an error with its reason. Pods
need root and a few packages; without them their tests are skipped, unless PORCH_TEST_NODE is
`required`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import pytest

from porch_devcluster import provider
from porch_devcluster.cluster import ADMIN, Cluster
from porch_devcluster.errors import NodeUnavailable
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from porch_devcluster.node import node
from porch_devcluster.node.node import Node

_numbers = itertools.count(1)


class _Capture(Protocol):
    """The part of pytest's capture manager that we use."""

    def suspend_global_capture(self, in_: bool) -> None: ...
    def resume_global_capture(self) -> None: ...


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the cluster needs before any test's time limit runs, with its progress shown."""
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if not wanted & {"cluster", "node"} or session.config.option.collectonly:
        return
    capture = cast(_Capture, session.config.pluginmanager.getplugin("capturemanager"))
    capture.suspend_global_capture(in_=False)
    try:
        if "cluster" in wanted:
            provider.prepare(os.environ)
        if "node" in wanted:
            with contextlib.suppress(NodeUnavailable):  # the fixture says so
                node.prepare()
    finally:
        capture.resume_global_capture()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real API server for the whole session."""
    with provider.cluster() as found:
        yield found


@pytest.fixture(scope="session", name="node")
def running_node() -> Iterator[Node]:
    """A cluster of its own whose pods run, with a registry; for the whole session."""
    try:
        node.prepare()
    except NodeUnavailable as error:
        if os.environ.get("PORCH_TEST_NODE") == "required":
            raise
        pytest.skip(str(error))
    with provider.node_cluster() as found:
        yield found


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A fresh namespace, asked to go at the end."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    api = cluster.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl in one namespace; each call says as whom."""

    cluster: Cluster
    namespace: str

    def __call__(self, *arguments: str, user: str = ADMIN, stdin: str | None = None) -> str:
        """Output of a command that must succeed (else CommandFailed with kubectl's words)."""
        arguments = (*arguments, "--namespace", self.namespace)
        return self.cluster.kubectl(*arguments, user=user, stdin=stdin)

    def refused(self, *arguments: str, user: str = ADMIN, stdin: str | None = None) -> str:
        """What kubectl says when a command, as it must here, fails."""
        arguments = (*arguments, "--namespace", self.namespace)
        done = self.cluster.run_kubectl(*arguments, user=user, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} must fail, said {done.stdout}"
        return done.stderr


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """kubectl in the test's namespace, as a user of choice."""
    return Kubectl(cluster, namespace)


@pytest.fixture(scope="session")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A git server over HTTP, shared; a test that stops it or wants a password starts its own."""
    with GitServer(tmp_path_factory.mktemp("git")) as server:
        yield server


@pytest.fixture
def own_git_server(tmp_path: Path) -> Iterator[GitServer]:
    """A git server that this test may stop, start and lock."""
    with GitServer(tmp_path / "git-server") as server:
        yield server


@pytest.fixture
def git_repository(git_server: GitServer, request: pytest.FixtureRequest) -> Repository:
    """A fresh repository with one commit on main, named after the test."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    files = {"README.md": "# Packages\n"}
    return git_server.create_repository(f"{name}-{next(_numbers)}", files=files)
