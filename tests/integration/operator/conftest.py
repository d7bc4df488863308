"""An installed cluster, an operator of its own for each module, people, and repositories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import installed_cluster
from tests.integration.operator.people import People, is_ready
from tests.integration.operator.running import RunningOperator

__all__ = ["installed_cluster"]


@pytest.fixture(scope="module")
def operator(
    installed_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOperator]:
    """The operator, running."""
    running = RunningOperator(installed_cluster, tmp_path_factory.mktemp("operator"))
    running.start()
    try:
        yield running
    finally:
        running.kill()


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
