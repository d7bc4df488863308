"""A node lives exactly as long as it should, beside others, and leaves nothing on the host."""

from __future__ import annotations

import os
import signal
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from porch_devcluster.build import bundle
from porch_devcluster.controlplane import NODE_COMPONENTS
from porch_devcluster.node import cgroups
from porch_devcluster.node.keeper import CGROUP_PREFIX
from porch_devcluster.node.node import Node
from porch_devcluster.processes import NODE, of_directory
from tests.integration.launching import Launched, command, launched
from tests.integration.node.pods import FunctionPods
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

SOON = timedelta(seconds=20)


def nodes(*, number: int = 1) -> AbstractContextManager[list[Launched]]:
    """So many nodes, of each the process that is the first of all that run in it."""
    directory = "str(it.cluster.directory.parent)"
    return launched("node_cluster", directory=directory, fact="it.record.init", number=number)


def is_gone(node: Launched) -> bool:
    """Whether nothing of a node runs."""
    return not node.components and not Path(f"/proc/{node.fact}").exists()


def cgroup_of(node: Launched) -> str:
    """The cgroup of a node whose keeper runs."""
    return f"{CGROUP_PREFIX}{node.components[NODE]}"


def host_mounts() -> list[str]:
    """What is mounted in our own namespace."""
    return Path("/proc/mounts").read_text().splitlines()


def test_a_node_is_gone_with_its_launcher_however_that_ends(pods: FunctionPods) -> None:
    """Beside a node whose pods run on: processes, cgroups, mounts and interfaces are its own.

    Where even the keeper is killed, only empty cgroups wait for the next node of the machine.
    """
    mounts, interfaces = host_mounts(), os.listdir("/sys/class/net")
    pods.create("pass", "pass")
    with nodes(number=2) as (killed, unkept):
        both = set(killed.components), set(unkept.components)
        killed_cgroup, left_cgroup = cgroup_of(killed), cgroup_of(unkept)
        os.kill(killed.process.pid, signal.SIGKILL)
        os.kill(unkept.components[NODE], signal.SIGKILL)
        until(lambda: is_gone(killed), within=SOON, what="the end of a node without a launcher")
        until(lambda: is_gone(unkept), within=SOON, what="the end of a node without a keeper")
        left = cgroups.names(killed_cgroup), cgroups.names(left_cgroup)
    with nodes() as (polite,):
        swept = not cgroups.names(left_cgroup)
        polite_cgroup = cgroup_of(polite)
        polite.end()

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
