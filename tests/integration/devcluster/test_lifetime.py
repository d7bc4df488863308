"""A control plane lives exactly as long as it should: with its launcher, or until `down`."""

from __future__ import annotations

import os
import signal
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from porch_devcluster.api import Api
from porch_devcluster.build import bundle
from porch_devcluster.cluster import ADMIN
from porch_devcluster.controlplane import COMPONENTS
from porch_devcluster.processes import of_directory
from porch_devcluster.provider import bundled_cluster
from tests.integration.launching import Launched, command, launched
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SOON = timedelta(seconds=10)


def clusters(*, number: int) -> AbstractContextManager[list[Launched]]:
    """So many control planes, of each its address."""
    directory = "str(it.control_plane.files.directory)"
    return launched("bundled_cluster", directory=directory, fact="it.url", number=number)


def test_parallel_control_planes_share_nothing_and_none_outlives_its_launcher() -> None:
    """One of two is ended politely and one by SIGKILL; what the killed one left is swept later."""
    with clusters(number=2) as (polite, killed):
        both = set(polite.components), set(killed.components)
        namespaces = [
            Api(it.directory / "kubeconfigs" / f"{ADMIN}.kubeconfig").create(
                "/api/v1/namespaces", {"metadata": {"name": "same-name"}}
            )["metadata"]["uid"]
            for it in (polite, killed)
        ]
        polite.end()
        os.kill(killed.process.pid, signal.SIGKILL)
        until(lambda: not killed.components, within=SOON, what="all processes gone")
        left_behind = killed.directory.exists()
        with bundled_cluster():
            swept = not killed.directory.exists()

    assert both == (set(COMPONENTS), set(COMPONENTS))
    assert polite.fact != killed.fact
    assert namespaces[0] != namespaces[1]
    assert (polite.process.returncode, polite.components) == (0, {})
    assert not polite.directory.exists()
    assert (left_behind, swept) == (True, True)


def test_faults_can_be_made_and_mended() -> None:
    """What later tests lean on: the server gone and back, etcd gone and back, an old state."""
    with bundled_cluster() as cluster:
        control, api = cluster.control_plane, cluster.api()
        assert control is not None
        backup = control.files.directory / "backup"
        _create_namespace(api, "before")
        control.save_etcd(backup)
        _create_namespace(api, "after")
        control.kill_apiserver()
        with pytest.raises(OSError, match="refused"):
            api.get("/api/v1/namespaces")
        control.start_apiserver()
        control.restart_apiserver()
        names_kept = _namespaces(api)
        control.restore_etcd(backup)
        names_restored = _namespaces(api)

    assert {"before", "after"} <= names_kept
    assert "before" in names_restored
    assert "after" not in names_restored


def _create_namespace(api: Api, name: str) -> None:
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})


def _namespaces(api: Api) -> set[str]:
    return {item["metadata"]["name"] for item in api.get("/api/v1/namespaces")["items"]}


def test_a_persistent_cluster_outlives_its_command_and_goes_with_down(tmp_path: Path) -> None:
    """`up` twice is one cluster; after `down` nothing runs and no file is left."""
    home = bundle().parent.parent
    (tmp_path / "porch").mkdir()
    (tmp_path / "porch" / "devcluster").symlink_to(home)
    first, again = command("up", cache=tmp_path), command("up", cache=tmp_path)
    told = command("kubeconfig", "--user", "author", cache=tmp_path)
    kubeconfig = Path(told.stdout.strip())
    directory = kubeconfig.parent.parent
    running = set(of_directory(directory))
    command("down", cache=tmp_path)

    exported = f"export KUBECONFIG={kubeconfig.parent / 'admin.kubeconfig'}\n"
    assert first.stdout == again.stdout == exported
    assert running == set(COMPONENTS)
    assert of_directory(directory) == {}
    assert not directory.exists()
