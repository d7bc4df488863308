"""Lists of thousands: copies of a published object, with the operator stopped.

As kubectl asks for them (Table, pages of 500) and as full JSON; the median of 5.
"""

import asyncio
import statistics
import time
from typing import Any

import aiohttp
import msgspec

from bench.living import Eyes, Life, Times
from bench.recording import write
from bench.results import Result
from bench.world import Ours, World, own_world
from porch.api.packagerevision import PackageRevision
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, connect
from porch.runtime.connection import Connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.managers import NO_MANAGERS
from porch.runtime.resources import ObjectKey

LISTS = {1_000: 70.0, 10_000: 800.0}  # objects -> milliseconds as a Table
AT_ONCE = 32  # copies made at a time
PAGE = 500
TRIES = 5
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def main() -> None:
    """Measure, and write bench/results/lists.json."""
    with own_world(1) as here:
        assert here.ours is not None
        published = asyncio.run(_published(here))
        here.ours.operator.stop()
        write("lists", asyncio.run(_lists(here.ours, published)))


async def _published(here: World) -> ObjectKey:
    """A published revision of the package of all figures."""
    key = ObjectKey(here.namespace, f"{here.repositories[0]}.p.v1")
    async with here.client() as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        await Life(client, eyes, key, Times()).whole()
        watching.cancel()
    return key


async def _lists(ours: Ours, published: ObjectKey) -> list[Result]:
    """Lists of more and more copies of one published object."""
    results: list[Result] = []
    connection = load_kubeconfig([ours.operator_kubeconfig()])  # only it may write a status
    tls = aiohttp.TCPConnector(ssl=connection.tls or True)
    async with connect(connection) as client, aiohttp.ClientSession(connector=tls) as reader:
        original = msgspec.json.decode(await client.read(REVISIONS.object_path(published)))
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
