"""Where a workload runs: on a control plane of its own, or on any server with the same API.

A given server is named by the environment, so that two systems can be measured in one run:
    PORCH_BENCH_KUBECONFIG    how to reach it, with a base URL and a token or certificate
    PORCH_BENCH_NAMESPACE     where its Repositories are registered
    PORCH_BENCH_REPOSITORIES  their names, separated by commas
    PORCH_BENCH_LABEL         put behind the suite's name in bench/results
Of a given server only times are known; of our own also processor time, memory and disk.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from porch_devcluster import provider
from porch_devcluster.api import wait_for
from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import install
from tests.integration.operator.running import NAMESPACE as HOME
from tests.integration.operator.running import SERVICE_ACCOUNT, RunningOperator

NAMESPACE = "bench"
LISTED_WITHIN = timedelta(seconds=60)
PREFIX = "PORCH_BENCH_"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ours:
    """The processes of a control plane and an operator of our own."""

    cluster: Cluster
    operator: RunningOperator

    def operator_kubeconfig(self) -> Path:
        """How to speak to the API server as the operator does."""
        return self.cluster.service_account_kubeconfig(SERVICE_ACCOUNT, namespace=HOME)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time since their start, by process."""
        return {"operator": self._operator_cpu(), "API server": cpu_of(self._apiserver)}

    def rss_mib(self) -> dict[str, float]:
        """Resident memory, by process; the operator with its workers."""
        pages = int(Path(f"/proc/{self._apiserver}/statm").read_text().split()[1])
        apiserver = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return {"operator": self.operator.rss_mib(), "API server": apiserver}

    def etcd_mib(self) -> float:
        """Size of etcd's database on disk."""
        assert self.cluster.control_plane is not None
        database = self.cluster.control_plane.files.etcd_data / "member" / "snap" / "db"
        return database.stat().st_size / 2**20

    @property
    def _apiserver(self) -> int:
        assert self.cluster.control_plane is not None
        return self.cluster.control_plane.pids["kube-apiserver"]

    def _operator_cpu(self) -> float:
        assert self.operator.process is not None
        group = self.operator.process.pid
        return sum(
            cpu_of(int(each.name))
            for each in Path("/proc").iterdir()
            if each.name.isdecimal() and _group_of(int(each.name)) == group
        )


@dataclass(frozen=True, slots=True)
class World:
    """A server to run a workload on."""

    kubeconfig: Path
    namespace: str
    repositories: tuple[str, ...]  # names of registered ones
    ours: Ours | None  # None: it is given, and what runs it is unknown
    label: str = ""

    def suite(self, name: str) -> str:
        """The name of the results of a suite."""
        return f"{name}-{self.label}" if self.label else name


@contextmanager
def world(count: int, environment: Mapping[str, str] = os.environ) -> Iterator[World]:
    """The given server, or one of our own with `count` registered repositories."""
    kubeconfig = environment.get(f"{PREFIX}KUBECONFIG")
    if kubeconfig is None:
        with _own_world(count) as own:
            yield own
        return
    names = tuple(filter(None, environment.get(f"{PREFIX}REPOSITORIES", "").split(",")))
    if len(names) < count:
        raise SystemExit(
            f"{PREFIX}REPOSITORIES must name {count} registered repositories, found {len(names)}"
        )
    namespace = environment.get(f"{PREFIX}NAMESPACE", "default")
    label = environment.get(f"{PREFIX}LABEL", "given")
    yield World(Path(kubeconfig), namespace, names[:count], None, label)


@contextmanager
def _own_world(count: int) -> Iterator[World]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-bench-")))
        provider.prepare(os.environ)
        cluster = stack.enter_context(provider.cluster())
        install(cluster)
        cluster.api().create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        server = stack.enter_context(GitServer(folder / "git"))
        operator = RunningOperator(cluster, folder / "operator", {"PORCH_REPOSITORY_POLL": "30s"})
        operator.start()
        stack.callback(operator.kill)
        names = tuple(f"packages{number}" for number in range(count))
        for name in names:
            url = server.url_of(server.create_repository(name, files={"README.md": "# x\n"}))
            path = register(cluster, NAMESPACE, name, url)
            wait_for(cluster.api(), path, _is_listed, within=LISTED_WITHIN)
        yield World(cluster.kubeconfig, NAMESPACE, names, Ours(cluster, operator))


def register(cluster: Cluster, namespace: str, name: str, url: str) -> str:
    """Register a git repository; the path of its object."""
    path = f"/apis/config.porch.kpt.dev/v1alpha1/namespaces/{namespace}/repositories"
    body: dict[str, Any] = {  # Any: JSON of any shape
        "apiVersion": "config.porch.kpt.dev/v1alpha1",
        "kind": "Repository",
        "metadata": {"name": name},
        "spec": {"type": "git", "git": {"repo": url, "branch": "main"}},
    }
    cluster.api().create(path, body)
    return f"{path}/{name}"


def _is_listed(obj: dict[str, Any]) -> bool:
    conditions = obj.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def cpu_of(pid: int) -> float:
    """Processor time of one process since its start, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime, proc_pid_stat(5)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
