"""A fleet: 20 repositories of 20 packages with 5 revisions each, and lists of thousands.

Workload  twenty users at once, each with the packages of one repository; a first revision is made
          by `init`, each next one by `copyFrom`, all created as Published in one breath.
Done      Published and Ready, seen by a client's watch, from the creation on.
Lists     as kubectl asks for them (Table, pages of 500) and as full JSON, of copies of a published
          object, with the operator stopped; the median of 5.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from bench.living import Eyes, Life, Times, has_lifecycle, ranks
from bench.results import Better, Result, write
from bench.world import Ours, World, world
from porch.api.packagerevision import PackageRevision
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, connect
from porch.runtime.connection import Connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.managers import NO_MANAGERS
from porch.runtime.resources import ObjectKey

REPOSITORIES = 20
PACKAGES = 20
REVISIONS_EACH = 5
LISTS = {1_000: 70.0, 10_000: 800.0}  # objects -> milliseconds as a Table
AT_ONCE = 32  # copies made at a time
PAGE = 500
TRIES = 5
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes had used at an instant."""

    cpu: Mapping[str, float]
    at: float

    @classmethod
    def of(cls, ours: Ours) -> "Usage":
        """Now."""
        return cls(ours.cpu_seconds(), time.perf_counter())


def main() -> None:
    """Measure, and write bench/results/fleet.json."""
    with world(REPOSITORIES) as here:
        results = [*_fleet(here)]
        if here.ours is not None:
            here.ours.operator.stop()
            results += asyncio.run(_lists(here, here.ours))
        write(here.suite("fleet"), results)


def _fleet(here: World) -> Iterator[Result]:
    case = f"{REPOSITORIES} repositories, {PACKAGES} packages, {REVISIONS_EACH} revisions"
    before = Usage.of(here.ours) if here.ours is not None else None
    begun = time.perf_counter()
    times = asyncio.run(_publish_all(here))
    seconds = time.perf_counter() - begun
    values = times.steps["published"]
    yield from ranks(f"{case}: creation to Published", values, {"p99": 5_000.0})
    yield Result(case, "publications a second", len(values) / seconds, "1/s", None, Better.HIGHER)
    if here.ours is None or before is None:
        return
    for process, used in here.ours.cpu_seconds().items():
        yield Result(case, f"CPU of the {process}", used - before.cpu[process], "s")
    for process, memory in here.ours.rss_mib().items():
        target = 400.0 if process == "operator" else None
        yield Result(case, f"RSS of the {process}", memory, "MiB", target)
    yield Result(case, "etcd on disk", here.ours.etcd_mib(), "MiB")


async def _publish_all(here: World) -> Times:
    times = Times()
    async with connect(load_kubeconfig([here.kubeconfig])) as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        async with asyncio.TaskGroup() as group:
            for repository in here.repositories:
                group.create_task(_user(client, eyes, (here.namespace, repository), times))
        watching.cancel()
    return times


async def _user(client: Client, eyes: Eyes, place: tuple[str, str], times: Times) -> None:
    namespace, repository = place
    for package in range(PACKAGES):
        source: dict[str, object] = {"init": {"description": "A benchmark"}}
        for revision in range(1, REVISIONS_EACH + 1):
            key = ObjectKey(namespace, f"{repository}.p{package}.v{revision}")
            begun = time.perf_counter()
            await Life(client, eyes, key, times).create(source, "Published")
            seen = await eyes.first(key.name, has_lifecycle("Published"), after=begun)
            times.add("published", seen - begun)
            eyes.forget(key.name)
            source = {"copyFrom": {"name": key.name}}


async def _lists(here: World, ours: Ours) -> list[Result]:
    """Lists of more and more copies of one published object."""
    results: list[Result] = []
    connection = load_kubeconfig([ours.operator_kubeconfig()])  # only it may write a status
    tls = aiohttp.TCPConnector(ssl=connection.tls or True)
    async with connect(connection) as client, aiohttp.ClientSession(connector=tls) as reader:
        first = ObjectKey(here.namespace, f"{here.repositories[0]}.p0.v1")
        original = msgspec.json.decode(await client.read(REVISIONS.object_path(first)))
        for count, target in LISTS.items():
            namespace = f"list-{count}"
            ours.cluster.api().create("/api/v1/namespaces", {"metadata": {"name": namespace}})
            await _copy(client, original, namespace, count)
            url = connection.server + REVISIONS.collection_path(namespace)
            case = f"list of {count} published revisions"
            for metric, accept, promised in (
                ("as kubectl asks", TABLE, target),
                ("full JSON", "application/json", 100.0 if count == 1_000 else None),
            ):
                headers = {"Accept": accept, "Authorization": await _identity(connection)}
                took = [await _list(reader, url, headers) for _ in range(TRIES)]
                results.append(Result(case, metric, statistics.median(took), "ms", promised))
    return results


async def _identity(connection: Connection) -> str:
    return await connection.credentials.header() or ""


async def _copy(client: Client, original: dict[str, Any], namespace: str, count: int) -> None:
    """Copies of an object as the operator leaves them, with another workspace each."""
    left = iter(range(count))
    labels = original["metadata"]["labels"]

    async def worker() -> None:
        for number in left:
            spec = original["spec"] | {"workspaceName": f"w{number}"}
            name = f"{spec['repository']}.{spec['packageName']}.{spec['workspaceName']}"
            body = original | {"metadata": {"name": name, "labels": labels}, "spec": spec}
            await client.create(REVISIONS, body, namespace=namespace, into=PackageRevision)
            key = ObjectKey(namespace, name)
            relieved = {"metadata": NO_MANAGERS}  # as our own first write after that
            made = await client.patch(REVISIONS, key, relieved, into=PackageRevision)
            version = {"resourceVersion": made.metadata.resource_version}
            status = body | {"metadata": {"name": name, **version}, "status": original["status"]}
            await client.replace(REVISIONS, key, status, into=PackageRevision, subresource="status")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())


class _ListMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")


class _Page(msgspec.Struct):
    metadata: _ListMeta


_page = msgspec.json.Decoder(_Page)


async def _list(reader: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> float:
    """Milliseconds until the last page of a list has been read."""
    begun = time.perf_counter()
    query = {"limit": str(PAGE)}
    while True:
        async with reader.get(url, params=query, headers=headers) as answer:
            answer.raise_for_status()
            page = _page.decode(await answer.read())
        if not page.metadata.continue_:
            return (time.perf_counter() - begun) * 1000
        query["continue"] = page.metadata.continue_


if __name__ == "__main__":
    main()
