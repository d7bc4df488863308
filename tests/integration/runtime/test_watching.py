"""Kopf as a source of events, on a real API server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from porch.runtime.client import Client
from porch.runtime.connection import Connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import EVENTS, ObjectKey
from porch.runtime.store import Store
from porch.runtime.watching import Watched, Watching
from porch_devcluster.cluster import Cluster
from tests.integration.proxy import Proxy
from tests.integration.runtime.conftest import Thing, Things, through
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster


class Seen:
    """What a watching told, and what it knows."""

    def __init__(self) -> None:
        self.store: Store[Thing] = Store()
        self.events: list[tuple[float, ObjectKey]] = []
        self.ready = asyncio.Event()

    def note(self, key: ObjectKey) -> None:
        self.events.append((time.perf_counter(), key))

    def names(self) -> set[str]:
        return {thing.metadata.name for thing in self.store}


@asynccontextmanager
async def watching(
    seen: Seen,
    things: Things,
    connection: Callable[[], Connection],
    *,
    namespaces: tuple[str, ...] = (),
) -> AsyncIterator[Watching]:
    kinds = [Watched(things.resource, Thing, seen.store, seen.note)]
    found = Watching(kinds, namespaces=namespaces, connection=connection)
    async with asyncio.TaskGroup() as group:
        group.create_task(found.run(seen.ready))
        yield found
        found.stop()


def administrator(cluster: Cluster) -> Callable[[], Connection]:
    return lambda: load_kubeconfig([cluster.kubeconfig])


async def create(client: Client, things: Things, namespace: str, name: str, **spec: object) -> None:
    body = things.body(name, **spec)
    await client.create(things.resource, body, namespace=namespace, into=Thing)


async def test_objects_are_known_as_they_come_change_and_go(
    cluster: Cluster, namespace: str, things: Things, client: Client
) -> None:
    """What was there before, and each change after it, within a blink."""
    seen = Seen()
    await create(client, things, namespace, "before")
    async with watching(seen, things, administrator(cluster), namespaces=(namespace,)):
        await asyncio.wait_for(seen.ready.wait(), 20)
        assert seen.names() == {"before"}

        delays = []
        for number in range(20):
            await create(client, things, namespace, f"t{number}")
            begin = time.perf_counter()
            await eventually(lambda name=f"t{number}": name in seen.names())  # type: ignore[misc]
            delays.append(max(0.0, seen.events[-1][0] - begin))
        assert sorted(delays)[10] < 0.1

        key = ObjectKey(namespace, "t3")
        await client.patch(things.resource, key, {"spec": {"size": 5}}, into=Thing)
        await eventually(lambda: seen.store.get(key).spec.get("size") == 5)  # type: ignore[union-attr]
        await client.delete(things.resource, key)
        await eventually(lambda: "t3" not in seen.names())
        assert seen.events[-1][1] == key


async def test_kopf_leaves_no_trace_on_the_objects(
    cluster: Cluster, namespace: str, things: Things, client: Client
) -> None:
    """No annotation, no finalizer, no field of another manager, no Event, no new version."""
    seen = Seen()
    async with watching(seen, things, administrator(cluster), namespaces=(namespace,)):
        await asyncio.wait_for(seen.ready.wait(), 20)
        await create(client, things, namespace, "a", size=1)
        key = ObjectKey(namespace, "a")
        await eventually(lambda: seen.store.get(key))
        changed = await client.patch(things.resource, key, {"spec": {"size": 2}}, into=Thing)
        await eventually(lambda: seen.store.get(key).spec["size"] == 2)  # type: ignore[union-attr]
        await create(client, things, namespace, "b")
        await eventually(lambda: "b" in seen.names())

        found = await client.get(things.resource, key, into=Thing)
        events = await client.list(EVENTS, into=Thing)
    assert found.metadata.resource_version == changed.metadata.resource_version
    assert (found.metadata.annotations, found.metadata.finalizers) == ({}, [])
    assert {each["manager"] for each in found.metadata.managed_fields} == {"porch"}
    assert [each for each in events.items if each.metadata.namespace == namespace] == []


async def test_other_tasks_outlive_it(cluster: Cluster, namespace: str, things: Things) -> None:
    """Kopf cancels every task of its loop when it ends: that loop must not be ours."""
    seen = Seen()
    async with asyncio.TaskGroup() as group:
        async with watching(seen, things, administrator(cluster), namespaces=(namespace,)):
            await asyncio.wait_for(seen.ready.wait(), 20)
            bystander = group.create_task(asyncio.sleep(3600))
        assert not bystander.done()
        bystander.cancel()


async def test_what_went_while_nobody_watched_is_removed(
    cluster: Cluster, namespace: str, things: Things, client: Client
) -> None:
    """No event tells of it; a complete list does."""
    seen = Seen()
    await create(client, things, namespace, "stays")
    await create(client, things, namespace, "goes")
    async with watching(seen, things, administrator(cluster), namespaces=(namespace,)):
        await eventually(lambda: seen.names() == {"stays", "goes"})
    await client.delete(things.resource, ObjectKey(namespace, "goes"))
    seen.ready.clear()
    async with watching(seen, things, administrator(cluster), namespaces=(namespace,)):
        await asyncio.wait_for(seen.ready.wait(), 20)

    assert seen.names() == {"stays"}
    assert seen.events[-1][1].name == "goes"


async def test_a_cut_network_costs_no_event(
    cluster: Cluster, things: Things, client: Client, proxy: Proxy, *, namespace: str
) -> None:
    """What happened meanwhile is told as soon as the API server can be reached again."""
    seen = Seen()
    way = lambda: through(proxy, cluster)  # noqa: E731
    async with watching(seen, things, way, namespaces=(namespace,)):
        await asyncio.wait_for(seen.ready.wait(), 20)
        proxy.cut()
        await create(client, things, namespace, "one")
        await eventually(lambda: "one" in seen.names())
        proxy.refuse()
        await create(client, things, namespace, "two")
        await asyncio.sleep(1)
        assert "two" not in seen.names()
        proxy.let()
        await eventually(lambda: "two" in seen.names(), within=timedelta(seconds=30))


async def test_a_kind_that_is_installed_later_is_watched(
    cluster: Cluster, namespace: str, client: Client
) -> None:
    """The operator may start before its CRDs, and outlive their removal and return."""
    late = Things(cluster, plural="lates", kind="Late")
    late.remove()
    seen = Seen()
    patience = timedelta(seconds=60)
    async with watching(seen, late, administrator(cluster), namespaces=(namespace,)):
        try:
            for name in ("first", "second"):
                late.install()
                await create(client, late, namespace, name)
                await eventually(lambda name=name: seen.names() == {name}, within=patience)  # type: ignore[misc]
                late.remove()
                await eventually(lambda: seen.names() == set(), within=patience)
        finally:
            late.remove()


async def test_a_kind_is_known_while_another_one_is_not_served(
    cluster: Cluster, things: Things, client: Client, *, namespace: str
) -> None:
    """A CRD that is being deleted waits for us to let go of its objects; the others are gone."""
    absent, seen = Things(cluster, plural="absents", kind="Absent"), Seen()
    absent.remove()
    nowhere: Store[Thing] = Store()
    found = Watching(
        [
            Watched(things.resource, Thing, seen.store, seen.note),
            Watched(absent.resource, Thing, nowhere, seen.note),
        ],
        namespaces=(namespace,),
        connection=administrator(cluster),
    )
    await create(client, things, namespace, "one")
    async with asyncio.TaskGroup() as group:
        group.create_task(found.run(seen.ready))
        await eventually(lambda: seen.names() == {"one"})
        await client.delete(things.resource, ObjectKey(namespace, "one"))
        await eventually(lambda: seen.names() == set(), within=timedelta(seconds=30))
        found.stop()

    assert not seen.ready.is_set()
