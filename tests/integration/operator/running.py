"""The operator as a process of its own, with the token and the roles of its own ServiceAccount."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from porch_devcluster.cluster import Cluster
from tests.integration.waiting import until

NAMESPACE = "porch-system"
SERVICE_ACCOUNT = "porch-operator"
STOPS_WITHIN = timedelta(seconds=20)


@dataclass(slots=True)
class RunningOperator:
    """One operator process; may be killed and started again."""

    cluster: Cluster
    directory: Path  # its clones and its log
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Everything that the process has logged, over all its lives."""
        return self.directory / "operator.log"

    def start(self) -> None:
        """Start, and wait until it works."""
        kubeconfig = self.cluster.service_account_kubeconfig(SERVICE_ACCOUNT, namespace=NAMESPACE)
        settings = {
            "KUBECONFIG": str(kubeconfig),
            "PORCH_CACHE_DIRECTORY": str(self.directory / "clones"),
            "PORCH_PORT": "0",
            "PORCH_LEASE_DURATION": "3s",
            "PORCH_LEASE_RENEW_DEADLINE": "2s",
            "PORCH_LEASE_RETRY": "200ms",
            "PORCH_REPOSITORY_POLL": "1s",
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
        until(lambda: self._works(begun), within=timedelta(seconds=30), what="the operator works")

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN.total_seconds())

    def kill(self) -> None:
        """kill -9, its workers included."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def rss_mib(self) -> float:
        """Resident memory of the operator and its workers, MiB."""
        assert self.process is not None
        group = self.process.pid
        pages = sum(
            int((each / "statm").read_text().split()[1])
            for each in Path("/proc").iterdir()
            if each.name.isdecimal() and _group_of(each) == group
        )
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _works(self, begun: int) -> bool:
        assert self.process is not None
        text = self.log.read_bytes()[begun:].decode(errors="replace")
        assert self.process.poll() is None, f"the operator ended:\n{text[-3000:]}"
        return "operator is working" in text


def _group_of(process: Path) -> int:
    try:
        return os.getpgid(int(process.name))
    except ProcessLookupError:
        return 0
