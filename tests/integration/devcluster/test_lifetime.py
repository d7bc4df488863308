"""A control plane lives exactly as long as it should: with its launcher, or until `down`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from porch_devcluster.api import Api
from porch_devcluster.build import bundle
from porch_devcluster.cluster import ADMIN
from porch_devcluster.controlplane import COMPONENTS
from porch_devcluster.processes import of_directory
from porch_devcluster.provider import bundled_cluster
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SOON = timedelta(seconds=10)

LAUNCHER = """
import json, sys
from porch_devcluster.provider import bundled_cluster
with bundled_cluster() as cluster:
    print(json.dumps([cluster.url, str(cluster.control_plane.files.directory)]), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Launched:
    """A launcher process and the control plane that it started."""

    process: subprocess.Popen[str]
    url: str
    directory: Path

    @property
    def components(self) -> set[str]:
        return set(of_directory(self.directory))


@contextmanager
def launched(*, number: int) -> Iterator[list[Launched]]:
    """So many control planes, started at the same time by processes of their own."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LAUNCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(number)
    ]
    try:
        yield [_answer_of(process) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _answer_of(process: subprocess.Popen[str]) -> Launched:
    assert process.stdout is not None
    url, directory = json.loads(process.stdout.readline())
    return Launched(process, url, Path(directory))


def test_parallel_control_planes_share_nothing_and_none_outlives_its_launcher() -> None:
    """One of two is ended politely and one by SIGKILL; what the killed one left is swept later."""
    with launched(number=2) as (polite, killed):
        both = polite.components, killed.components
        namespaces = [
            Api(it.directory / "kubeconfigs" / f"{ADMIN}.kubeconfig").create(
                "/api/v1/namespaces", {"metadata": {"name": "same-name"}}
            )["metadata"]["uid"]
            for it in (polite, killed)
        ]
        polite.process.communicate()  # closes its input, which it waits for
        os.kill(killed.process.pid, signal.SIGKILL)
        until(lambda: not killed.components, within=SOON, what="all processes gone")
        left_behind = killed.directory.exists()
        with bundled_cluster():
            swept = not killed.directory.exists()

    assert both == (set(COMPONENTS), set(COMPONENTS))
    assert polite.url != killed.url
    assert namespaces[0] != namespaces[1]
    assert (polite.process.returncode, polite.components) == (0, set())
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
    kubeconfig = Path(command("kubeconfig", "--user", "author", cache=tmp_path).strip())
    directory = kubeconfig.parent.parent
    running = set(of_directory(directory))
    command("down", cache=tmp_path)

    assert first == again == f"export KUBECONFIG={kubeconfig.parent / 'admin.kubeconfig'}\n"
    assert running == set(COMPONENTS)
    assert of_directory(directory) == {}
    assert not directory.exists()


def command(*arguments: str, cache: Path) -> str:
    """Run the command line with a cache directory of the test's own; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "porch_devcluster", *arguments],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
