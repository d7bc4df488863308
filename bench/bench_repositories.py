"""Registering repositories with a past, noticing pushes, looking when nothing changed.

Workload  packages with 5 published revisions each, 6 files of 2 kB in all, beside as many
          placeholders; git http-backend on loopback; etcd without fsync.
Done      a client's watch has seen every PackageRevision with its number; then every
          PackageRevisionResources exists. `visible` is from the end of the push on.
Requests  those that the API server counted for our kinds, and those that the git server answered.
"""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

import aiohttp

from bench.history import publish_all
from bench.results import Result, write
from bench.world import cpu_of, register
from porch.api.packagerevision import PackageRevision
from porch.cache.cr import RESOURCES
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, Form, PartialObject, Selection, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.watch import Changed, watch
from porch_devcluster import provider
from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import install
from tests.integration.operator.running import RunningOperator

REVISIONS_EACH = 5
SIZES = {500: 4.0, 2_000: 15.0}  # published revisions -> seconds
REPOSITORIES = 500
POLL = timedelta(seconds=30)
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n"
SECRET = "sesame"  # noqa: S105 - of push events
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class World:
    """A cluster with our kinds, a git server and an operator."""

    cluster: Cluster
    server: GitServer
    operator: RunningOperator

    def api_requests(self) -> int:
        """How many requests for our kinds the API server has answered."""
        lines = self.cluster.kubectl("get", "--raw", "/metrics").splitlines()
        ours = [each for each in lines if each.startswith("apiserver_request_total{")]
        return sum(int(each.rpartition(" ")[2]) for each in ours if "kpt.dev" in each)

    def cpu_seconds(self) -> float:
        """Time that the operator has computed, its workers apart."""
        assert self.operator.process is not None
        return cpu_of(self.operator.process.pid)


def main() -> None:
    """Measure, and write bench/results/repositories.json."""
    results: list[Result] = []
    for size, target in SIZES.items():
        with _world() as world:
            results += asyncio.run(_registering(world, size, target))
    with _world() as world:
        results += asyncio.run(_polling(world))
    write("repositories", results)


@contextmanager
def _world() -> Iterator[World]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-bench-")))
        provider.prepare(os.environ)
        cluster = stack.enter_context(provider.cluster())
        install(cluster)
        server = stack.enter_context(GitServer(folder / "git"))
        secret = folder / "secret"
        secret.write_text(SECRET)
        settings = {
            "PORCH_LEASE_DURATION": "15s",  # as it is by default; the tests' is for take-overs
            "PORCH_LEASE_RENEW_DEADLINE": "10s",
            "PORCH_REPOSITORY_POLL": f"{POLL.seconds}s",
            "PORCH_PUSH_EVENTS_PORT": "0",
            "PORCH_PUSH_EVENTS_SECRET_FILE": str(secret),
        }
        operator = RunningOperator(cluster, folder / "operator", settings)
        operator.start()
        stack.callback(operator.kill)
        yield World(cluster, server, operator)


async def _registering(world: World, size: int, target: float) -> list[Result]:
    packages = size // REVISIONS_EACH
    repository = world.server.create_repository("past")
    publish_all(repository.path, packages=packages, revisions=REVISIONS_EACH)
    namespace, case = _namespace(world, f"bench-{size}"), f"register {size} revisions"
    requests = world.api_requests()
    expected = size + packages
    async with connect(load_kubeconfig([world.cluster.kubeconfig])) as client:
        begun = time.perf_counter()
        register(world.cluster, namespace, "past", world.server.url_of(repository))
        await asyncio.wait_for(_numbered(client, namespace, expected), PATIENCE.total_seconds())
        numbered = time.perf_counter()
        await asyncio.wait_for(_shown(client, namespace, expected), PATIENCE.total_seconds())
        shown = time.perf_counter()
        made = world.api_requests() - requests
        rss = world.operator.rss_mib()
        by_polling = await _push(client, namespace, repository, "outside")
        told = partial(_tell, world, world.server.url_of(repository))
        by_event = await _push(client, namespace, repository, "told", then=told)
    return [
        Result(case, "numbered", numbered - begun, "s", target),
        Result(case, "resources shown after that", shown - numbered, "s", 60.0),
        Result(case, "API requests per object", made / expected, ""),
        Result(case, "git requests", len(world.server.served), ""),
        Result(case, "RSS with workers", rss, "MiB", 400.0),
        Result(case, "external push visible by polling", by_polling, "s", 1.1 * POLL.seconds + 1),
        Result(case, "external push visible by event", by_event, "s", 1.0),
    ]


async def _polling(world: World) -> list[Result]:
    namespace = _namespace(world, "bench-polling")
    for number in range(REPOSITORIES):
        repository = world.server.create_repository(f"r{number}", files={"p/Kptfile": KPTFILE})
        register(world.cluster, namespace, f"r{number}", world.server.url_of(repository))
    async with connect(load_kubeconfig([world.cluster.kubeconfig])) as client:
        wanted = REPOSITORIES
        await asyncio.wait_for(_numbered(client, namespace, wanted), PATIENCE.total_seconds())
        await asyncio.sleep(POLL.total_seconds())
    cpu, served, requests = world.cpu_seconds(), len(world.server.served), world.api_requests()
    await asyncio.sleep(POLL.total_seconds())
    case = f"poll {REPOSITORIES} unchanged repositories"
    asked = len(world.server.served) - served
    return [
        Result(case, "CPU of the operator", world.cpu_seconds() - cpu, "s"),
        Result(case, "git requests per repository", asked / REPOSITORIES, ""),
        Result(case, "API requests", world.api_requests() - requests, ""),
        Result(case, "RSS with workers", world.operator.rss_mib(), "MiB", 400.0),
    ]


async def _push(
    client: Client,
    namespace: str,
    repository: Repository,
    package: str,
    *,
    then: Callable[[], Awaitable[None]] | None = None,
) -> float:
    """Seconds from a foreign push until its revision is seen with its number."""
    watching = asyncio.create_task(_numbered(client, namespace, 1, package=package))
    await asyncio.sleep(1)  # the watch has begun
    commit = repository.commit({f"{package}/Kptfile": KPTFILE})
    repository.git("update-ref", f"refs/tags/{package}/v1", commit)
    begun = time.perf_counter()
    if then is not None:
        await then()
    await asyncio.wait_for(watching, PATIENCE.total_seconds())
    return time.perf_counter() - begun


async def _tell(world: World, url: str) -> None:
    """Send the push event that a server would send."""
    log = world.operator.log.read_text()
    port = re.findall(r"push events are received.*?port=(\d+)", log)[-1]
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/", json={"url": url}, headers=headers) as answer,
    ):
        assert answer.status == HTTPStatus.ACCEPTED, await answer.text()


async def _numbered(client: Client, namespace: str, expected: int, *, package: str = "") -> None:
    """Watch until so many revisions, of one package or of all, have numbers."""
    selection = Selection(namespace=namespace)
    first = await client.list(REVISIONS, selection, into=PackageRevision)
    seen = {each.metadata.name for each in first.items if _is_numbered(each, package)}
    events = watch(
        client,
        REVISIONS,
        selection,
        since=first.resource_version,
        into=PackageRevision,
    )
    async with aclosing(events):
        while len(seen) < expected:
            event = await anext(events)
            if isinstance(event, Changed) and _is_numbered(event.object, package):
                seen.add(event.object.metadata.name)


def _is_numbered(obj: PackageRevision, package: str) -> bool:
    wanted = not package or obj.spec.package_name == package
    return wanted and obj.status.revision != 0


async def _shown(client: Client, namespace: str, expected: int) -> None:
    """Ask until so many revisions have their resources."""
    selection, found = Selection(namespace=namespace), 0
    while found < expected:
        await asyncio.sleep(0.2)
        listed = await client.list(
            RESOURCES, selection, into=PartialObject, form=Form.METADATA, resource_version="0"
        )
        found = len(listed.items)


def _namespace(world: World, name: str) -> str:
    world.cluster.api().create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


if __name__ == "__main__":
    main()
