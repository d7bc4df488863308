"""A node lives exactly as long as it should, beside others, and leaves nothing on the host."""

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

from porch_devcluster.build import bundle
from porch_devcluster.controlplane import NODE_COMPONENTS
from porch_devcluster.node import cgroups
from porch_devcluster.node.keeper import CGROUP_PREFIX
from porch_devcluster.node.node import Node
from porch_devcluster.processes import NODE, of_directory
from tests.integration.node.pods import FunctionPods
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SOON = timedelta(seconds=20)

LAUNCHER = """
import json, sys
from porch_devcluster.provider import node_cluster
with node_cluster() as node:
    print(json.dumps([str(node.cluster.directory.parent), node.record.init]), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Launched:
    """A launcher process and the node that it started."""

    process: subprocess.Popen[str]
    directory: Path
    init: int

    @property
    def components(self) -> dict[str, int]:
        return of_directory(self.directory)

    @property
    def is_gone(self) -> bool:
        return not self.components and not Path(f"/proc/{self.init}").exists()

    @property
    def cgroup(self) -> str:
        return f"{CGROUP_PREFIX}{self.components[NODE]}"


@contextmanager
def launched(*, number: int = 1) -> Iterator[list[Launched]]:
    """So many nodes, started at the same time by processes of their own."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LAUNCHER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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
    directory, init = json.loads(process.stdout.readline())
    return Launched(process, Path(directory), init)


def host_mounts() -> list[str]:
    """What is mounted in our own namespace."""
    return Path("/proc/mounts").read_text().splitlines()


def test_a_node_is_gone_with_its_launcher_however_that_ends(pods: FunctionPods) -> None:
    """Beside a node whose pods run on: processes, cgroups, mounts and interfaces are its own.

    Where even the keeper is killed, only empty cgroups wait for the next node of the machine.
    """
    mounts, interfaces = host_mounts(), os.listdir("/sys/class/net")
    pods.create("pass", "pass")
    with launched(number=2) as (killed, unkept):
        both = set(killed.components), set(unkept.components)
        killed_cgroup, left_cgroup = killed.cgroup, unkept.cgroup
        os.kill(killed.process.pid, signal.SIGKILL)
        os.kill(unkept.components[NODE], signal.SIGKILL)
        until(lambda: killed.is_gone, within=SOON, what="the end of a node without a launcher")
        until(lambda: unkept.is_gone, within=SOON, what="the end of a node without a keeper")
        left = cgroups.names(killed_cgroup), cgroups.names(left_cgroup)
    with launched() as (polite,):
        swept = not cgroups.names(left_cgroup)
        polite_cgroup = polite.cgroup
        polite.process.communicate()  # closes its input, which it waits for

    assert both == ({*NODE_COMPONENTS, NODE}, {*NODE_COMPONENTS, NODE})
    assert left == (set(), {left_cgroup})
    assert swept
    assert (polite.components, cgroups.names(polite_cgroup)) == ({}, set())
    assert not polite.directory.exists()
    assert (host_mounts(), os.listdir("/sys/class/net")) == (mounts, interfaces)
    assert pods.evaluate("pass").resource_list


def test_a_persistent_node_outlives_its_command_and_goes_with_down(
    node: Node, tmp_path: Path
) -> None:
    """`up --node` twice is one node; `status` says how to reach it; `down` leaves nothing."""
    cache = tmp_path / "porch"
    cache.mkdir()
    for entry in ("devcluster", "registry", "pause"):
        (cache / entry).symlink_to(bundle().parent.parent.parent / entry)
    first, again = command("up", "--node", cache=tmp_path), command("up", "--node", cache=tmp_path)
    directory = Path(first.stdout.strip().removeprefix("export KUBECONFIG=")).parent.parent
    status = command("status", cache=tmp_path)
    running = of_directory(directory)
    command("down", cache=tmp_path)

    assert first.stdout == again.stdout
    assert set(running) == {*NODE_COMPONENTS, NODE}
    assert "push images to 127.0.0.1:" in status.stderr
    assert of_directory(directory) == {}
    assert not cgroups.names(f"{CGROUP_PREFIX}{running[NODE]}")
    assert not directory.exists()


def command(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with a cache directory of the test's own."""
    done = subprocess.run(
        [sys.executable, "-m", "porch_devcluster", *arguments],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done
