"""What a node needs of the machine: root, a few Debian packages, and a kernel that lets us."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from porch_devcluster.errors import NodeUnavailable
from porch_devcluster.node import cgroups

CNI_PLUGINS = Path("/usr/lib/cni")
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")  # of unshare
PACKAGES = ("containerd", "runc", "containernetworking-plugins", "iproute2")

_PROGRAMS = ("containerd", "runc", "ip", "mount", "nsenter", "unshare")
_PLUGINS = ("bridge", "host-local", "loopback")


def program(name: str) -> str:
    """Where a program is; /usr/sbin counts, whatever PATH says."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise NodeUnavailable(
            f"a node needs the program {name!r}, which is not there; on Debian and Ubuntu: "
            f"apt-get install --no-install-recommends {' '.join(PACKAGES)} (`make node` does it)"
        )
    return found


def check(*, user: Callable[[], int] = os.geteuid) -> None:
    """Raise NodeUnavailable when this machine or this user cannot run pods."""
    if user() != 0:
        raise NodeUnavailable(
            "a node needs root, for namespaces, mounts and cgroups; "
            f"this process runs as user {user()}"
        )
    for name in _PROGRAMS:
        program(name)
    _check_kernel()
    missing = [name for name in _PLUGINS if not (CNI_PLUGINS / name).exists()]
    if missing:
        raise NodeUnavailable(
            f"a node needs the network plugins {', '.join(missing)} in {CNI_PLUGINS}; on Debian "
            "and Ubuntu they are in the package containernetworking-plugins"
        )


def _check_kernel() -> None:
    """Root in a container has often neither the right to namespaces nor cgroups to write."""
    command = [program("unshare"), *NAMESPACES, "--fork", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NodeUnavailable(
            "a node needs the right to make namespaces (CAP_SYS_ADMIN), which this process has "
            f"not: {done.stderr.strip()}"
        )
    if locked := [path for path in cgroups.hierarchies() if not os.access(path, os.W_OK)]:
        raise NodeUnavailable(
            f"a node needs cgroups of its own, and {locked[0]} cannot be written to"
        )
