"""The shipped namespace of function pods: enough rights for the runner, few for its pods."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch_devcluster.cluster import Cluster
from tests.integration.function_runner.pods.conftest import Runners
from tests.integration.function_runner.pods.playednode import PlayedNode, comes_true
from tests.integration.installed import ROOT
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster

NAMESPACE = "porch-fn-system"
ACCOUNT = "porch-fn-runner"


@pytest.fixture
def opened_cluster(installed_cluster: Cluster) -> Cluster:
    """The cluster with the namespace of function pods as it is shipped."""
    folder = str(ROOT / "manifests" / "functions")
    installed_cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", folder)
    return installed_cluster


@pytest.fixture
async def account(opened_cluster: Cluster) -> AsyncIterator[Client]:
    """A client with the rights of the runner's ServiceAccount."""
    path = opened_cluster.service_account_kubeconfig(ACCOUNT, namespace="porch-system")
    async with connect(load_kubeconfig([path])) as found:
        yield found


async def test_the_runner_works_with_the_rights_it_is_given(
    opened_cluster: Cluster, client: Client, account: Client
) -> None:
    """From adoption to deletion, in a namespace that enforces the restricted standard."""
    played = PlayedNode(client, opened_cluster.api(), NAMESPACE)
    async with played.playing():
        runners = Runners(account, played, NAMESPACE)
        async with runners.running("r1") as runner:
            name = (await runner.call()).log.decode()
        async with runners.running("r2") as runner:
            await eventually(
                lambda: runner.metric("porch_function_pods_adopted_total") == 1,
                what="the pod of the first runner is adopted",
            )
            assert (await runner.call()).log.decode() == name
            await played.crash(name)
            again = (await runner.call()).log.decode()
            await comes_true(lambda: played.runs(again))
        await played.kill(again)


def test_a_right_that_is_missing_ends_the_start_with_the_role_to_apply(
    opened_cluster: Cluster,
) -> None:
    """In words of one line each, by a program whose parts all fail at once."""
    kubeconfig = opened_cluster.service_account_kubeconfig(ACCOUNT, namespace="porch-system")
    flags = ("--port=0", "--metrics-port=0", "--pod-namespace=default")
    ended = subprocess.run(
        [sys.executable, "-m", "porch_function_runner.main", *flags],
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "WRAPPER_SERVER_IMAGE": "wrapper:v1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "must be allowed to list " in ended.stderr
    assert "in namespace 'default'" in ended.stderr
    assert "apply Role 'porch-function-executor'" in ended.stderr


def test_the_runner_may_do_nothing_else(opened_cluster: Cluster) -> None:
    """Not read a Secret of another name, and nothing in the namespace of the operator."""
    user = f"system:serviceaccount:porch-system:{ACCOUNT}"

    def may(*question: str, namespace: str = NAMESPACE) -> bool:
        told = opened_cluster.run_kubectl(
            *("auth", "can-i", *question, "--as", user, "--namespace", namespace)
        )
        return told.stdout.strip() == "yes"

    assert may("create", "pods")
    assert not may("create", "pods", namespace="porch-system")
    assert may("get", "secrets/auth-secret")
    assert not may("get", "secrets/other")
    assert not may("list", "secrets")
    assert not may("create", "pods", "--subresource=exec")
