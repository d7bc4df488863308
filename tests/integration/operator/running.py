"""The operator as a process of its own, with the token and the roles of its own ServiceAccount."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from porch_devcluster import kubeconfigs
from porch_devcluster.cluster import Cluster
from tests.integration.waiting import until

NAMESPACE = "porch-system"
SERVICE_ACCOUNT = "porch-operator"
STARTS_WITHIN = timedelta(seconds=30)
STOPS_WITHIN = timedelta(seconds=20)
WORKS = "operator is working"
# As by default: the machine may be too busy for three seconds, and nobody waits to take over.
LONG_LEASE = {"PORCH_LEASE_DURATION": "15s", "PORCH_LEASE_RENEW_DEADLINE": "10s"}


@dataclass(slots=True)
class RunningOperator:
    """One operator process; may be killed and started again."""

    cluster: Cluster
    directory: Path  # its clones and its log
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    through: str = ""  # URL of a proxy before the API server; "": straight to it

    @property
    def is_running(self) -> bool:
        """Started, and neither stopped nor killed."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> Path:
        """Everything that the process has logged, over all its lives."""
        return self.directory / "operator.log"

    def start(self) -> None:
        """Start, and wait until it works; one that does not is not left behind."""
        begun = self.launch()
        try:
            until(
                lambda: self._says(WORKS, since=begun),
                within=STARTS_WITHIN,
                what="the operator works",
            )
        except BaseException:
            self.kill()
            raise

    def launch(self) -> int:
        """Start without waiting; where in the log this life begins."""
        kubeconfig = self.cluster.service_account_kubeconfig(SERVICE_ACCOUNT, namespace=NAMESPACE)
        if self.through:
            kubeconfig = self._detour(kubeconfig)
        settings = {
            "KUBECONFIG": str(kubeconfig),
            "PORCH_CACHE_DIRECTORY": str(self.directory / "clones"),
            "PORCH_PORT": "0",
            "PORCH_LEASE_DURATION": "3s",
            "PORCH_LEASE_RENEW_DEADLINE": "2s",
            "PORCH_LEASE_RETRY": "200ms",
            "PORCH_REPOSITORY_POLL": "1s",
            "PORCH_QUEUE_WAIT": "1s",
            "PORCH_RENDER_WORKERS": "1",  # quicker to start; more than one is for load
            "PORCH_LOG_FORMAT": "console",
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "porch.controllers.main"],
                env=os.environ | settings | self.environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        return begun

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN.total_seconds())

    def kill(self) -> None:
        """kill -9, its workers included."""
        if self.process is not None and self.is_running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def rss_mib(self) -> float:
        """Resident memory of the operator and its workers, MiB."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def pids(self) -> list[int]:
        """The operator's process and those of its workers."""
        assert self.process is not None
        group = self.process.pid
        processes = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
        return [pid for pid in processes if _group_of(pid) == group]

    def _says(self, words: str, *, since: int) -> bool:
        assert self.process is not None
        ended = self.process.poll()
        text = self.log.read_bytes()[since:].decode(errors="replace")
        assert ended is None, f"the operator ended with {ended}:\n{text[-3000:]}"
        return words in text

    def _detour(self, kubeconfig: Path) -> Path:
        """The same credentials, by way of the proxy."""
        config = json.loads(kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": self.through}
        detour = self.directory / "detour.kubeconfig"
        return kubeconfigs.write(detour, config)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
