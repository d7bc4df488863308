"""An installed cluster, an operator, people, and repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import installed_cluster
from tests.integration.operator.people import People, is_ready
from tests.integration.operator.running import RunningOperator

__all__ = ["installed_cluster"]


@pytest.fixture(scope="session")
def shared_operator(
    installed_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOperator]:
    """One operator for all tests; not started yet."""
    shared = RunningOperator(installed_cluster, tmp_path_factory.mktemp("operator"))
    try:
        yield shared
    finally:
        shared.kill()


@pytest.fixture
def operator(shared_operator: RunningOperator) -> RunningOperator:
    """The shared operator, running; a test may stop and start it."""
    if not shared_operator.is_running:
        shared_operator.start()
    return shared_operator


@pytest.fixture
def own_operator(
    installed_cluster: Cluster, shared_operator: RunningOperator, tmp_path: Path
) -> Iterator[RunningOperator]:
    """An operator for this test alone, not started yet; the shared one is out of the way."""
    if shared_operator.is_running:
        shared_operator.stop()
    own = RunningOperator(installed_cluster, tmp_path / "operator")
    try:
        yield own
    finally:
        own.kill()


@pytest.fixture
def people(installed_cluster: Cluster, namespace: str) -> People:
    """Users of the test's namespace, with the shipped roles."""
    installed_cluster.grant("author", role="porch-editor", namespace=namespace)
    installed_cluster.grant("approver", role="porch-approver", namespace=namespace)
    installed_cluster.grant("viewer", role="porch-viewer", namespace=namespace)
    return People(installed_cluster, namespace)


@pytest.fixture
def registered(
    operator: RunningOperator,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
) -> Repository:
    """The test's repository, registered as `packages` and Ready."""
    people.register("packages", git_server.url_of(git_repository))
    people.repository("packages", is_ready)
    return git_repository
