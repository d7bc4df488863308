"""FunctionConfigs of a cluster decide at once what the runner runs, with its own rights alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from porch_devcluster.api import Api, Object
from porch_devcluster.cluster import Cluster
from tests.integration.installed import ROOT
from tests.integration.waiting import until
from tests.unit.function_runner.calling import INPUT, Caller, channel
from tests.unit.function_runner.program import Program, started

pytestmark = pytest.mark.cluster

NAMESPACE = "porch-fn-system"
CONFIGS = f"/apis/config.porch.kpt.dev/v1alpha1/namespaces/{NAMESPACE}/functionconfigs"
FUNCTION = "registry.example/fn/cat"


@pytest.fixture(scope="module")
def api(installed_cluster: Cluster) -> Api:
    """An administrator, in a cluster with the namespace and the rights of the runner."""
    folder = str(ROOT / "manifests" / "functions")
    installed_cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", folder)
    return installed_cluster.api()


@pytest.fixture
def program(api: Api, installed_cluster: Cluster, tmp_path: Path) -> Iterator[Program]:
    """A runner with the token of its own ServiceAccount, and one executable."""
    (tmp_path / "cat").write_text("#!/bin/sh\nexec cat\n")
    (tmp_path / "cat").chmod(0o755)
    kubeconfig = installed_cluster.service_account_kubeconfig(
        "porch-fn-runner", namespace="porch-system"
    )
    flags = (f"--functions={tmp_path}", f"--pod-namespace={NAMESPACE}", "--disable-runtimes=pod")
    environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
    with started(*flags, environment=environment) as found:
        until(lambda: "[+] functionconfigs" in _ready(found), what="the runner is ready")
        yield found


@pytest.fixture
def config(api: Api) -> Iterator[Object]:
    """A FunctionConfig that maps an image to the executable; gone at the end."""
    spec: Object = {
        "image": "cat",
        "prefixes": ["registry.example/fn"],
        "binaryExecutor": {"path": "cat", "tags": ["v1"]},
    }
    yield api.create(CONFIGS, {**_KIND, "metadata": {"name": "cat"}, "spec": spec})
    if _find(api) is not None:
        api.delete(f"{CONFIGS}/cat")


def test_a_config_is_in_force_at_once_and_says_so(
    program: Program, api: Api, config: Object
) -> None:
    """Its status names the generation that is used."""
    until(lambda: _served(program, "v1"), what="the image is served")

    until(lambda: _observed(api) == 1, what="the status names the generation")
    assert "error" not in _status(api) or _status(api)["error"] == ""


def test_a_change_is_in_force_at_once(program: Program, api: Api, config: Object) -> None:
    """The tag that it no longer lists is not served any more."""
    until(lambda: _served(program, "v1"), what="the image is served")
    change: Object = {"spec": {"binaryExecutor": {"path": "cat", "tags": ["v2"]}}}
    api.merge(f"{CONFIGS}/cat", change)

    until(lambda: _served(program, "v2"), what="the new tag is served")
    assert not _served(program, "v1")
    until(lambda: _observed(api) == 2, what="the status names the generation")


def test_a_config_that_goes_takes_its_executable_along(
    program: Program, api: Api, config: Object
) -> None:
    """Nothing lingers until a restart, and no finalizer holds it."""
    until(lambda: _served(program, "v1"), what="the image is served")
    api.delete(f"{CONFIGS}/cat")

    until(lambda: not _served(program, "v1"), what="the image is no longer served")
    assert _find(api) is None


def test_a_config_whose_executable_is_missing_says_so(
    program: Program, api: Api, config: Object
) -> None:
    """Where its author looks."""
    change: Object = {"spec": {"binaryExecutor": {"path": "dog", "tags": ["v1"]}}}
    api.merge(f"{CONFIGS}/cat", change)

    until(
        lambda: "executable 'dog' must be an executable file" in _status(api).get("error", ""),
        what="the status names the file",
    )


_KIND: Object = {"apiVersion": "config.porch.kpt.dev/v1alpha1", "kind": "FunctionConfig"}


def _served(program: Program, tag: str) -> bool:
    async def call() -> bool:
        async with channel(program.port) as opened:
            try:
                answer = await Caller(opened, program.address)(image=f"{FUNCTION}:{tag}")
            except grpc.aio.AioRpcError as err:
                if err.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                return False
            return answer.resource_list == INPUT

    return asyncio.run(call())


def _ready(program: Program) -> str:
    try:
        return program.get("/readyz")
    except OSError:  # 503 until it is
        return ""


def _find(api: Api) -> Object | None:
    items = api.get(CONFIGS)["items"]
    return next((each for each in items if each["metadata"]["name"] == "cat"), None)


def _status(api: Api) -> Object:
    found = _find(api) or {}
    status: Object = found.get("status", {})
    return status


def _observed(api: Api) -> int:
    return int(_status(api).get("functionRunnerObservedGeneration", 0))
