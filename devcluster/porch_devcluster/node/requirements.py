"""What a node needs of the machine: root, a few Debian packages, and a kernel that lets us."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from porch_devcluster.errors import NodeUnavailable

CNI_PLUGINS = Path("/usr/lib/cni")
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
    missing = [name for name in _PLUGINS if not (CNI_PLUGINS / name).exists()]
    if missing:
        raise NodeUnavailable(
            f"a node needs the network plugins {', '.join(missing)} in {CNI_PLUGINS}; on Debian "
            "and Ubuntu they are in the package containernetworking-plugins"
        )
