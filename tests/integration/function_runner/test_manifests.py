"""The shipped manifests of the function runner are accepted, and belong together."""

from __future__ import annotations

import pytest
import yaml

from porch_devcluster.cluster import Cluster
from porch_function_runner.flags import read
from porch_function_runner.settings import RunnerSettings
from tests.integration.installed import ROOT

MANIFESTS = ROOT / "manifests"


@pytest.mark.cluster
def test_the_installation_with_a_runner_is_accepted(installed_cluster: Cluster) -> None:
    """Every object of it, by the server's own validation."""
    # Namespaces first: a dry run does not make the one that others are in.
    functions = str(MANIFESTS / "functions")
    installed_cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", functions)
    said = installed_cluster.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-k",
        str(MANIFESTS / "overlays" / "function-runner"),
    )

    for name in (
        "deployment.apps/function-runner",
        "deployment.apps/porch-operator",
        "service/function-runner-replicas",
        "networkpolicy.networking.k8s.io/function-runner",
        "poddisruptionbudget.policy/function-runner",
    ):
        assert f"{name} serverside-applied" in said


def test_the_deployment_starts_the_program_with_flags_that_it_has() -> None:
    """A renamed flag would be seen in a crash loop only."""
    text = (MANIFESTS / "function-runner" / "deployment.yaml").read_text()
    pod = yaml.safe_load(text)["spec"]["template"]["spec"]
    container = pod["containers"][0]
    settings = read(RunnerSettings, container["args"], program="runner")

    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"grpc": settings.server.port, "metrics": settings.server.metrics_port}
    wait = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = settings.server.shutdown_grace.total_seconds()
    assert wait + grace < pod["terminationGracePeriodSeconds"]
