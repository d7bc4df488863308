"""Where a workload runs: an API server with repositories, and what is behind it when it is ours.

Of another system (see `other`) only times are known; of our own also processor time, memory, disk,
and what the operator tells of itself.
"""

import asyncio
import tempfile
import urllib.request
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench.processes import cpu_seconds, rss_mib
from bench.registering import register_all
from porch.runtime.client import Client, connect
from porch.runtime.connection import Connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch_devcluster import provider
from porch_devcluster.cluster import Cluster
from porch_devcluster.controlplane import free_port
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import install
from tests.integration.operator.running import NAMESPACE as HOME
from tests.integration.operator.running import SERVICE_ACCOUNT, RunningOperator

NAMESPACE = "bench"
POLL = timedelta(seconds=30)
PUSH_SECRET = "sesame"  # noqa: S105 - of push events


@dataclass(frozen=True, slots=True)
class Ours:
    """The processes of a control plane and an operator of our own."""

    cluster: Cluster
    operator: RunningOperator
    port: int  # where the operator answers probes and Prometheus

    def operator_kubeconfig(self) -> Path:
        """How to speak to the API server as the operator does."""
        return self.cluster.service_account_kubeconfig(SERVICE_ACCOUNT, namespace=HOME)

    def metrics(self) -> str:
        """What the operator tells Prometheus."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            text: bytes = answer.read()
        return text.decode()

    def api_requests(self) -> int:
        """How many requests for our kinds the API server has answered."""
        lines = self.cluster.kubectl("get", "--raw", "/metrics").splitlines()
        ours = [each for each in lines if each.startswith("apiserver_request_total{")]
        return sum(int(each.rpartition(" ")[2]) for each in ours if "kpt.dev" in each)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time since their start, by process; the operator with its workers."""
        return {
            "operator": sum(cpu_seconds(pid) for pid in self.operator.pids()),
            "API server": cpu_seconds(self.apiserver),
        }

    def rss_mib(self) -> dict[str, float]:
        """Resident memory, by process; the operator with its workers."""
        return {"operator": self.operator.rss_mib(), "API server": rss_mib(self.apiserver)}

    def etcd_mib(self) -> float:
        """Size of etcd's database on disk."""
        assert self.cluster.control_plane is not None
        database = self.cluster.control_plane.files.etcd_data / "member" / "snap" / "db"
        return database.stat().st_size / 2**20

    @property
    def apiserver(self) -> int:
        """The number of its process."""
        assert self.cluster.control_plane is not None
        return self.cluster.control_plane.pids["kube-apiserver"]


@dataclass(frozen=True, slots=True)
class World:
    """A system to run a workload on."""

    access: Callable[[], Connection]  # a connection belongs to one event loop
    namespace: str
    repositories: tuple[str, ...]  # names of registered ones
    git: GitServer | None  # ours; None when the repositories are somebody else's
    ours: Ours | None  # None: what runs the system is unknown
    mark: str = ""  # begins the names of what a run makes, where something may be left of others

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client, None]:
        """A client of the API server."""
        async with connect(self.access()) as client:
            yield client

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far, by process; of another system of none."""
        return self.ours.cpu_seconds() if self.ours is not None else {}

    def named(self, name: str) -> str:
        """A name for something that a run makes."""
        return f"{self.mark}{name}"


@contextmanager
def own_world(
    count: int, cluster: Callable[[], AbstractContextManager[Cluster]] = provider.bundled_cluster
) -> Iterator[World]:
    """A system of our own with so many registered repositories, gone with the context.

    NB: never kind, where a container engine answers: what its processes use could not be told.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-bench-")))
        opened = stack.enter_context(cluster())
        install(opened)
        opened.api().create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        server = stack.enter_context(GitServer(folder / "git"))
        ours = Ours(opened, *_operator(opened, folder))
        stack.callback(ours.operator.kill)
        ours.operator.start()
        access = partial(load_kubeconfig, [opened.kubeconfig])
        urls = repositories_on(server, count, mark="packages")
        yield registered(World(access, NAMESPACE, (), server, ours), urls)


def _operator(cluster: Cluster, folder: Path) -> tuple[RunningOperator, int]:
    """An operator, not started yet, and its port."""
    secret = folder / "secret"
    secret.write_text(PUSH_SECRET)
    port = free_port()
    settings = {
        "PORCH_PORT": str(port),
        "PORCH_LEASE_DURATION": "15s",  # as it is by default; the tests' is for take-overs
        "PORCH_LEASE_RENEW_DEADLINE": "10s",
        "PORCH_LEASE_RETRY": "2s",
        "PORCH_REPOSITORY_POLL": f"{POLL.seconds}s",
        "PORCH_PUSH_EVENTS_PORT": "0",
        "PORCH_PUSH_EVENTS_SECRET_FILE": str(secret),
    }
    return RunningOperator(cluster, folder / "operator", settings), port


def repositories_on(server: GitServer, count: int, *, mark: str) -> dict[str, str]:
    """So many new repositories: URLs by names that begin so."""
    names = [f"{mark}{number}" for number in range(count)]
    made = {name: server.create_repository(name, files={"README.md": "# x\n"}) for name in names}
    return {name: server.url_of(repository) for name, repository in made.items()}


def registered(world: World, urls: Mapping[str, str]) -> World:
    """The same with repositories, once all are Ready."""

    async def register() -> None:
        async with world.client() as client:
            await register_all(client, world.namespace, urls)

    asyncio.run(register())
    return replace(world, repositories=tuple(urls))
