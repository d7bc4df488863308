"""The races of people, in bad weather: no acknowledged edit is lost, nothing is done twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.chaos import Chaos
from tests.integration.operator.people import People, is_ready
from tests.integration.operator.proxy import Proxy, worlds_of
from tests.integration.operator.running import LONG_LEASE, RunningOperator
from tests.integration.operator.test_races import SEED, run_races

pytestmark = pytest.mark.cluster

KINDS = {"lost", "unheard", "twice", "late", "passed"}


@pytest.fixture
def storm(
    *,
    own_operator: RunningOperator,
    installed_cluster: Cluster,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
    tmp_path: Path,
) -> Iterator[Chaos]:
    """An operator that only hears and speaks through bad weather; `packages` is registered."""
    chaos = Chaos(f"weather {SEED}", is_calm=True)
    worlds = worlds_of(installed_cluster.kubeconfig, git_server.url, tmp_path)
    with Proxy(worlds, chaos) as proxy:
        own_operator.through = proxy.url
        own_operator.environment |= LONG_LEASE
        own_operator.start()
        people.register("packages", f"{proxy.url}/{git_repository.name}.git")
        people.repository("packages", is_ready)
        chaos.is_calm = False
        yield chaos
        chaos.is_calm = True
        own_operator.stop()  # a Lease that is not released is waited for


def test_bad_weather_loses_no_edit_and_doubles_no_publication(
    storm: Chaos, people: People, git_repository: Repository, own_operator: RunningOperator
) -> None:
    """Answers that never come, requests that come twice, watches that end: all are survived."""
    run_races(people, git_repository, range(int(os.environ.get("PORCH_STORMS", "12"))))

    assert storm.done.keys() == KINDS, "the weather must have been bad"
    assert own_operator.is_running


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_long_storm_loses_no_edit(
    storm: Chaos, people: People, git_repository: Repository, own_operator: RunningOperator
) -> None:
    """Two hundred packages."""
    run_races(people, git_repository, range(200))

    assert own_operator.is_running
