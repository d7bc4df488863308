"""The process on the host that owns a node: its namespaces, its cgroups, its ports.

`python -m porch_devcluster.node.keeper DIRECTORY`. It ends on SIGTERM, with its lifeline, or with
the node, and then nothing of the node is left but the directory. Killed, it takes the node with it;
only empty cgroups stay, which the next keeper of this machine removes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

from porch_devcluster.controlplane import LOOPBACK, RunFiles, free_port
from porch_devcluster.node import cgroups
from porch_devcluster.node.files import NodeFiles
from porch_devcluster.node.forward import forward
from porch_devcluster.node.record import NodeRecord
from porch_devcluster.node.requirements import NAMESPACES, program
from porch_devcluster.processes import KEEPER, LIFELINE_VARIABLE

INSIDE = "porch_devcluster.node.inside"
CGROUP_PREFIX = "porch-node-"  # the number of the keeper's process follows
LOOK_EVERY = timedelta(milliseconds=20)

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Keep the node until told to end it; 0 when told, 1 when it ended by itself."""
    files = NodeFiles(RunFiles(Path(sys.argv[1])))
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    lifeline = os.environ.pop(LIFELINE_VARIABLE, "")  # ours, and not the components' in the node
    _sweep()
    cgroup = f"{CGROUP_PREFIX}{os.getpid()}"
    cgroups.make(cgroup)
    with contextlib.ExitStack() as opened:
        listeners = [opened.enter_context(_listener()) for _ in range(2)]
        ports = [int(listener.getsockname()[1]) for listener in listeners]
        node = _start(files.run.directory, ports=ports, cgroup=cgroup)
        if lifeline:
            _follow(int(lifeline), ended)
        try:
            _serve(files, listeners, node=node, ended=ended)
            return 1 if node.poll() is not None else 0
        finally:
            node.kill()
            node.wait()
            cgroups.remove(cgroup)


def _listener() -> socket.socket:
    return socket.create_server((LOOPBACK, free_port()), backlog=128)


def _start(directory: Path, *, ports: list[int], cgroup: str) -> subprocess.Popen[bytes]:
    unshare = [program("unshare"), *NAMESPACES, "--fork", "--kill-child=SIGKILL"]
    inside = [sys.executable, "-m", INSIDE, str(directory), *(str(port) for port in ports), cgroup]
    return subprocess.Popen([*unshare, *inside], preexec_fn=_die_with_parent)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(
    files: NodeFiles,
    listeners: list[socket.socket],
    *,
    node: subprocess.Popen[bytes],
    ended: threading.Event,
) -> None:
    """Hand connections on from the moment that the node is ready, until the end of either."""
    is_served = False
    while not ended.is_set() and node.poll() is None:
        if not is_served and files.record.exists():
            record = NodeRecord.read(files.record)
            for listener in listeners:
                forward(listener, process=record.init, to=listener.getsockname())
            is_served = True
        ended.wait(LOOK_EVERY.total_seconds())


def _follow(lifeline: int, ended: threading.Event) -> None:
    """Set `ended` once nobody holds the other end of our lifeline; see bundle/main.go."""

    def follow() -> None:
        os.read(lifeline, 1)
        ended.set()

    threading.Thread(target=follow, daemon=True).start()


def _sweep() -> None:
    """Remove the cgroups of keepers that were killed."""
    for name in cgroups.names(CGROUP_PREFIX):
        process = Path("/proc") / name.removeprefix(CGROUP_PREFIX)
        with contextlib.suppress(OSError):
            if KEEPER in (process / "cmdline").read_text().split("\0"):
                continue
        cgroups.remove(name)


if __name__ == "__main__":
    sys.exit(main())
