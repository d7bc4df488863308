"""The benches measure what they say, of our own system and of any other with the same API."""

from __future__ import annotations

import base64
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from bench import bench_lifecycle, bench_stages
from bench.living import STEPS
from bench.other import other, other_world
from bench.profiling import profile
from bench.results import Result
from bench.world import Ours
from porch_devcluster.cluster import Cluster
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster


@pytest.fixture
def named(installed_cluster: Cluster, namespace: str, tmp_path: Path) -> dict[str, str]:
    """The session's cluster as the environment names another system: base URL and token."""
    user = f"system:serviceaccount:{namespace}:default"
    installed_cluster.grant(user, role="cluster-admin", namespace=namespace)
    kubeconfig = json.loads(installed_cluster.kubeconfig.read_text())
    cluster = kubeconfig["clusters"][0]["cluster"]
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {
        "PORCH_BENCH_URL": cluster["server"],
        "PORCH_BENCH_TOKEN": installed_cluster.token("default", namespace=namespace),
        "PORCH_BENCH_CA": str(authority),
        "PORCH_BENCH_NAMESPACE": namespace,
    }


def test_another_system_does_the_same_workload(
    operator: RunningOperator, named: dict[str, str], installed_cluster: Cluster, namespace: str
) -> None:
    """By base URL and token alone; its repositories are made for the run, and are gone after it."""
    found = other(named)
    assert found is not None

    with other_world(found, 1) as here:
        (measured,) = bench_lifecycle.measure(here, cycles=2, warm_up=1)

    assert all(measured.result(figure).value > 0 for figure in measured.main)
    assert "operator" not in {result.case for result in measured.results}  # of others not known
    installed_cluster.kubectl(
        "wait", "repositories", "--all", "--for=delete", "--timeout=30s", "--namespace", namespace
    )


def test_registered_repositories_are_used_when_they_are_named(named: dict[str, str]) -> None:
    """A system on another machine cannot reach our git server."""
    found = other(named | {"PORCH_BENCH_REPOSITORIES": "a,b,c"})
    assert found is not None

    with other_world(found, 2) as here:
        assert here.repositories == ("a", "b")
    with pytest.raises(SystemExit, match="must name 4 registered"), other_world(found, 4):
        pass


def test_stages_count_each_request_of_a_life(tmp_path: Path) -> None:
    """What the client does is known: one write a step, and a read before the edit."""
    results = bench_stages.measured(tmp_path, cycles=2, warm_up=0, packages=2)

    found = {(it.case, it.metric): it.value for it in results}
    for users in ("1 user", "10 users"):
        assert _of_client(results, users) == {
            ("init", "client: create packagerevisions"): 1,
            ("init", "client: get packagerevisionresources"): 1,  # of the edit, before its write
            ("edit", "client: patch packagerevisionresources"): 1,
            ("propose", "client: patch packagerevisions"): 1,
            ("approve", "client: patch packagerevisions"): 1,
        }
        for step in STEPS:
            case = f"{users}: {step}"
            parts = ("in the API server", "in git", "elsewhere")
            whole = sum(found.get((case, part), 0.0) for part in parts)
            assert whole == pytest.approx(found[case, "mean"])
            assert found[case, "in the API server"] > 0
    assert found["1 user: approve: requests to git", "POST git-receive-pack"] >= 1
    assert found["1 user: queue packagerevisions", "passes"] >= 4


def _of_client(results: list[Result], users: str) -> dict[tuple[str, str], float]:
    """Requests of the client by step."""
    return {
        (step, each.metric): each.value
        for each in results
        for step in STEPS
        if each.case == f"{users}: {step}: API requests" and each.metric.startswith("client")
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="py-spy reads other processes as root only")
def test_a_profile_is_a_flame_graph_and_a_profile_of_go(
    operator: RunningOperator, named: dict[str, str], installed_cluster: Cluster, tmp_path: Path
) -> None:
    """Of the operator and its workers, and of the API server."""
    found = other(named)
    assert found is not None
    ours = Ours(installed_cluster, operator, port=0)

    with other_world(found, 1) as here, profile(ours, tmp_path, apiserver_for=timedelta(seconds=1)):
        bench_lifecycle.measure(here, cycles=10, warm_up=1)

    assert "porch/controllers" in (tmp_path / "operator.svg").read_text()
    assert (tmp_path / "apiserver.pprof").read_bytes().startswith(b"\x1f\x8b")  # gzip
