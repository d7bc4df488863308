"""A control plane that outlives the command that started it: for work by hand.

One per name, below the cache directory. What runs is asked of the kernel, so that nothing which was
written earlier can be wrong. `down` removes everything, data included.
Errors    NotRunning; NotReady and BuildFailed from starting.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass

from porch_devcluster.build import bundle
from porch_devcluster.cache import cache_root, locked
from porch_devcluster.cluster import ADMIN, Cluster
from porch_devcluster.controlplane import COMPONENTS, ControlPlane, RunFiles
from porch_devcluster.errors import NotRunning
from porch_devcluster.processes import kill_all_of, of_directory
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
        directory = self.files.directory
        with locked(directory.with_suffix(".lock"), on_wait=lambda: progress.say("waiting")):
            running = self.running
            if set(running) == set(COMPONENTS):
                return self.cluster()
            if running or directory.exists():
                missing = ", ".join(sorted(set(COMPONENTS) - set(running)))
                progress.say(f"{missing} of {self.name!r} ended: starting anew, with no data")
            self._remove()
            progress.say(f"starting {', '.join(COMPONENTS)}; logs in {directory}")
            ControlPlane(self.files, program=program, lifeline=None).start()
            return self.cluster()

    def down(self) -> bool:
        """Kill what runs and remove all files; whether there was anything."""
        directory = self.files.directory
        with locked(directory.with_suffix(".lock")):
            there = directory.exists()
            return bool(self._remove()) or there

    def cluster(self) -> Cluster:
        """The cluster that runs, or NotRunning."""
        kubeconfig = self.files.kubeconfig(ADMIN)
        if set(self.running) != set(COMPONENTS) or not kubeconfig.exists():
            raise NotRunning(f"cluster {self.name!r} is not up: run `devcluster up` first")
        server = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return Cluster(str(server), kubeconfig.parent)

    def _remove(self) -> list[str]:
        killed = kill_all_of(self.files.directory)
        shutil.rmtree(self.files.directory, ignore_errors=True)
        return killed
