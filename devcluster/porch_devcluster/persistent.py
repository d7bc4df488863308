"""A control plane that outlives the command that started it: for work by hand.

One per name, below the cache directory. What runs is asked of the kernel, so that nothing which was
written earlier can be wrong. `down` removes everything, data included.
Errors    NotRunning; NotReady and BuildFailed from starting.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from porch_devcluster.build import bundle
from porch_devcluster.cache import cache_root, locked
from porch_devcluster.cluster import ADMIN, Cluster
from porch_devcluster.controlplane import COMPONENTS, NODE_COMPONENTS, ControlPlane, RunFiles
from porch_devcluster.errors import NotRunning
from porch_devcluster.node import node
from porch_devcluster.node.files import NodeFiles
from porch_devcluster.node.node import Node
from porch_devcluster.processes import NODE, kill_all_of, of_directory
from porch_devcluster.progress import Progress


@dataclass(frozen=True, slots=True)
class Persistent:
    """The cluster of one name, running or not."""

    name: str

    @property
    def files(self) -> RunFiles:
        return RunFiles(cache_root() / "clusters" / self.name)

    @property
    def running(self) -> dict[str, int]:
        """Live components and their process numbers."""
        return of_directory(self.files.directory)

    def up(self, progress: Progress) -> Cluster:
        """The running cluster, started anew unless all of it runs."""
        program = bundle(progress)
        with self._asked_for(COMPONENTS, progress) as is_running:
            if not is_running:
                ControlPlane(self.files, program=program, lifeline=None).start()
        return self.cluster()

    def up_with_node(self, progress: Progress) -> Node:
        """The running cluster and its node, started anew unless all of it runs."""
        node.prepare(progress)
        with self._asked_for((*NODE_COMPONENTS, NODE), progress) as is_running:
            if not is_running:
                node.start(NodeFiles(self.files), lifeline=None)
        return node.node_of(NodeFiles(self.files))

    @contextmanager
    def _asked_for(self, wanted: tuple[str, ...], progress: Progress) -> Iterator[bool]:
        """Hold the cluster's lock; whether all of `wanted` runs, else nothing is left of it."""
        directory = self.files.directory
        with locked(directory.with_suffix(".lock"), on_wait=lambda: progress.say("waiting")):
            running = set(self.running)
            missing = ", ".join(sorted(set(wanted) - running))
            if missing and running == set(COMPONENTS):
                raise NotRunning(
                    f"cluster {self.name!r} runs without a node, which cannot be added: "
                    "run `devcluster down` first, or use another `--name`"
                )
            if missing:
                if running or directory.exists():
                    progress.say(f"{missing} of {self.name!r} ended: starting anew, with no data")
                self._remove()
                progress.say(f"starting {', '.join(wanted)}; logs in {directory}")
            yield not missing

    def down(self) -> bool:
        """Kill what runs and remove all files; whether there was anything."""
        directory = self.files.directory
        with locked(directory.with_suffix(".lock")):
            there = directory.exists()
            return bool(self._remove()) or there

    def cluster(self) -> Cluster:
        """The cluster that runs, or NotRunning."""
        kubeconfig = self.files.kubeconfig(ADMIN)
        if not set(COMPONENTS) <= set(self.running) or not kubeconfig.exists():
            raise NotRunning(f"cluster {self.name!r} is not up: run `devcluster up` first")
        server = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return Cluster(str(server), kubeconfig.parent)

    @property
    def node(self) -> Node | None:
        """The node of the cluster, or None when it has none."""
        files = NodeFiles(self.files)
        return node.node_of(files) if NODE in self.running and files.record.exists() else None

    def _remove(self) -> list[str]:
        killed = kill_all_of(self.files.directory)
        shutil.rmtree(self.files.directory, ignore_errors=True)
        return killed
