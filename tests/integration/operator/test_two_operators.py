"""Two operators: one works, the other stands by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from porch_devcluster.api import wait_for
from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import CONFIG_MAP, People, has_lifecycle, is_ready
from tests.integration.operator.running import WORKS, RunningOperator
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
TAKES_OVER_WITHIN = timedelta(seconds=20)  # the lease's three seconds, and a start
LEASE = "/apis/coordination.k8s.io/v1/namespaces/porch-system/leases/porch-operator"


@pytest.fixture
def second(installed_cluster: Cluster, tmp_path: Path) -> Iterator[RunningOperator]:
    """Another operator, not started yet."""
    other = RunningOperator(installed_cluster, tmp_path / "second")
    other.environment["PORCH_IDENTITY"] = "second"
    try:
        yield other
    finally:
        other.kill()


def holder(cluster: Cluster) -> str:
    """Who leads."""
    return str(cluster.api().get(LEASE)["spec"]["holderIdentity"])


def test_the_second_operator_stands_by_and_finishes_the_work_of_one_that_was_killed(
    *,
    own_operator: RunningOperator,
    second: RunningOperator,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
) -> None:
    """kill -9 in the middle of a life; the lease ends, and the other goes on from the objects."""
    own_operator.environment["PORCH_IDENTITY"] = "first"
    own_operator.start()
    second.launch()
    people.register("packages", git_server.url_of(git_repository))
    people.repository("packages", is_ready)
    people.ready_draft(NAME)

    assert holder(people.cluster) == "first"
    assert WORKS not in second.log.read_text()

    people.edit(NAME, {"Kptfile": KPTFILE, "cm.yaml": CONFIG_MAP})
    people.wish(NAME, "Proposed")
    people.wish(NAME, "Published", user="approver")
    own_operator.kill()
    published = wait_for(
        people.api("admin"),
        people.revision_path(NAME),
        has_lifecycle("Published"),
        within=TAKES_OVER_WITHIN,
    )

    assert published["status"]["revision"] == 1
    assert holder(people.cluster) == "second"
    assert "namespace: web" in git_repository.read("refs/tags/web/v1", "web/cm.yaml")
    merges = git_repository.git("log", "--merges", "--format=%s", "main").splitlines()
    assert merges == ["Approving package revision web/1"]


def test_an_operator_that_ends_in_order_hands_over_at_once(
    *,
    own_operator: RunningOperator,
    second: RunningOperator,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
) -> None:
    """SIGTERM releases the Lease; nobody waits until it ends by itself."""
    own_operator.start()
    second.launch()
    until(lambda: second.log.exists(), what="the second operator has begun")
    people.register("packages", git_server.url_of(git_repository))
    people.repository("packages", is_ready)

    assert own_operator.stop() == 0
    until(
        lambda: WORKS in second.log.read_text(),
        within=TAKES_OVER_WITHIN,
        what="the second operator works",
    )
    assert people.ready_draft(NAME)["status"]["lifecycle"] == "Draft"
