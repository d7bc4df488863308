"""The first process of a node's namespaces: it prepares them and starts everything in them.

Started by the keeper, and by nobody else, as root and in new mount, network, pid, ipc and uts
namespaces: `python -m porch_devcluster.node.inside DIRECTORY API_PORT REGISTRY_PORT CGROUP`. When
it ends, the kernel ends what runs beside it, and the namespaces go with mounts and interfaces.
Errors    NodeUnavailable when the kernel refuses a step; NotReady with the log of what failed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from porch_devcluster import build, images
from porch_devcluster.api import Api, Object
from porch_devcluster.controlplane import LOOPBACK, ControlPlane, NodePlace, RunFiles
from porch_devcluster.errors import ApiStatus, DevclusterError, NodeUnavailable, NotReady
from porch_devcluster.node import files as node_files
from porch_devcluster.node import names
from porch_devcluster.node.files import CONTAINERD_SOCKET, IDENTITY, PAUSE, NodeFiles
from porch_devcluster.node.record import NodeRecord
from porch_devcluster.node.requirements import program
from porch_devcluster.processes import Command, Component
from porch_devcluster.registry import registry_command

READY_WITHIN = timedelta(seconds=60)
LOOK_EVERY = timedelta(milliseconds=50)
KUBELET_HOME = Path("/var/lib/kubelet")

# The kubelet insists on writing these, which are the whole machine's.
_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def main() -> None:
    """Start the node, write its record, and reap what is left to us until we are killed."""
    directory, api_port, registry_port, cgroup = sys.argv[1:]
    files = NodeFiles(RunFiles(Path(directory)))
    try:
        _start(files, api_port=int(api_port), registry=f"{LOOPBACK}:{registry_port}", cgroup=cgroup)
    except DevclusterError as error:
        sys.exit(f"error: {error}")
    with contextlib.suppress(ChildProcessError):  # when nothing of the node runs any more
        while True:
            os.wait()


def _start(files: NodeFiles, *, api_port: int, registry: str, cgroup: str) -> None:
    run = files.run
    outside = int(os.readlink("/proc/self"))  # our number on the host, whose /proc this still is
    _prepare_namespaces(files)
    snapshotter = "overlayfs" if _has_overlay(files) else "native"
    node_files.write(files, registry=registry, cgroup=cgroup, snapshotter=snapshotter)
    parts = [
        Component(each, lifeline=None) for each in (_containerd(files), _registry(files, registry))
    ]
    place = NodePlace(IDENTITY, api_port)
    control_plane = ControlPlane(run, program=build.bundle(), lifeline=None, node=place)
    control_plane.start()
    api = Api(run.kubeconfig("admin"))
    names.serve(api)
    pause = images.Image(
        files=(images.File("/pause", build.pause().read_bytes()),), entrypoint=("/pause",)
    )
    images.push(pause, f"{registry}/{PAUSE}")
    _await("containerd", Path(CONTAINERD_SOCKET).exists, parts)
    parts.append(Component(_kubelet(files), lifeline=None))
    path = f"/api/v1/nodes/{IDENTITY.name}"
    _await("the node", lambda: _is_ready(api.get(path)), parts)
    NodeRecord(outside, registry, snapshotter).write(files.record)


def _prepare_namespaces(files: NodeFiles) -> None:
    """Private views of what containerd and the kubelet would otherwise write on the host."""
    _run("mount", "-t", "proc", "proc", "/proc")
    for directory in ("/run", "/var/log"):
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory)
    for directory in ("containerd", "netns", "lock", "lib/upper", "lib/work"):
        (Path("/run") / directory).mkdir(parents=True)
    # Not empty, as the other two: programs that are started in the node may need what is there.
    layers = "lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work"
    _run("mount", "-t", "overlay", "-o", layers, "overlay", "/var/lib")
    # The paths of the kubelet's sockets must be short, and its volumes must not lie in memory.
    kubelet = files.directory / "kubelet"
    kubelet.mkdir(parents=True)
    KUBELET_HOME.mkdir(exist_ok=True)
    _run("mount", "--bind", str(kubelet), str(KUBELET_HOME))
    for name, value in _SYSCTLS.items():
        if (setting := Path("/proc/sys") / name).exists():
            ours = Path("/run/sysctl") / name
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.write_text(f"{value}\n")
            _run("mount", "--bind", str(ours), str(setting))
    files.resolver.touch()
    if Path("/etc/resolv.conf").is_file():
        _run("mount", "--bind", str(files.resolver), "/etc/resolv.conf")
    _run("mount", "--make-rshared", "/")  # among the node's own mounts; the host's are not reached
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", f"{IDENTITY.address}/32", "dev", "lo")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    Path("/proc/sys/kernel/hostname").write_text(IDENTITY.name)


def _has_overlay(files: NodeFiles) -> bool:
    """Whether layers can be laid over each other on the file system of the run directory."""
    try_out = files.directory / "overlay"
    lower, upper, work, top = (try_out / name for name in ("lower", "upper", "work", "top"))
    for each in (lower, upper, work, top):
        each.mkdir(parents=True)
    layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
    try:
        _run("mount", "-t", "overlay", "-o", layers, "overlay", str(top))
    except NodeUnavailable:
        return False
    _run("umount", str(top))
    return True


def _run(name: str, *arguments: str) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NodeUnavailable(
            f"the kernel must let a node run `{name} {' '.join(arguments)}` in namespaces of its "
            f"own, found: {done.stderr.strip()}"
        )


def _containerd(files: NodeFiles) -> Command:
    argv = (program("containerd"), "--config", str(files.containerd))
    return Command("containerd", argv, files.run.log("containerd"))


def _registry(files: NodeFiles, address: str) -> Command:
    return registry_command(files.run.log("registry"), listen=address)


def _kubelet(files: NodeFiles) -> Command:
    argv = (
        str(build.bundle()),
        "kubelet",
        f"--config={files.kubelet}",
        f"--kubeconfig={files.run.kubeconfig('kubelet')}",
        f"--hostname-override={IDENTITY.name}",
        f"--node-ip={IDENTITY.address}",
    )
    return Command("kubelet", argv, files.run.log("kubelet"))


def _is_ready(node: Object) -> bool:
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _await(what: str, holds: Callable[[], bool], parts: list[Component]) -> None:
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < deadline:
        for part in parts:
            part.check()
        with contextlib.suppress(OSError, ApiStatus):
            if holds():
                return
        time.sleep(LOOK_EVERY.total_seconds())
    raise NotReady(f"{what} must be ready within {READY_WITHIN.total_seconds():g} s, is not")


if __name__ == "__main__":
    main()
