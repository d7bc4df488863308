"""The control groups of one node: a directory of that name in every hierarchy of the host.

Cgroups are the one thing that does not go with a namespace, so they are made before it and removed
after it. Both versions are known, and the mix of the two.
"""

from __future__ import annotations

import contextlib
import os
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
GONE_WITHIN = timedelta(seconds=10)  # the kernel needs a moment after the last process
LOOK_EVERY = timedelta(milliseconds=20)

_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids")  # of version 2
_UNIFIED = "unified"  # version 2 beside version 1: without controllers


def make(name: str) -> None:
    """Make the node's directory in every hierarchy."""
    for hierarchy in hierarchies():
        directory = hierarchy / name
        directory.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):  # version 1 starts empty and refuses processes
            if (directory / file).exists() and hierarchy != ROOT:
                (directory / file).write_text((hierarchy / file).read_text())
        for controller in _CONTROLLERS if hierarchy == ROOT else ():
            for group in (hierarchy, directory):
                with contextlib.suppress(OSError):  # one that the host has not enabled
                    (group / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name: str) -> bool:
    """Remove the node's directories once their processes are gone; whether all went."""
    deadline = time.monotonic() + GONE_WITHIN.total_seconds()
    while not _removed(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY.total_seconds())
    return True


def names(prefix: str) -> set[str]:
    """The nodes whose directories are there."""
    return {path.name for top in _all() for path in top.glob(f"{prefix}*") if path.is_dir()}


def hierarchies() -> list[Path]:
    """Where a node must have a directory."""
    return [path for path in _all() if path.name != _UNIFIED]


def _removed(name: str) -> bool:
    left = False
    for top in _all():
        for directory, _, _ in os.walk(top / name, topdown=False):
            try:
                os.rmdir(directory)
            except OSError:
                left = True
    return not left


def _all() -> list[Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]
