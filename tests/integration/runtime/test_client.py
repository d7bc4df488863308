"""The client, the status writer, Events and the reflector against a real API server."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from porch.errors import Conflict
from porch.runtime.apierrors import AlreadyExists, Expired, Forbidden, Invalid, NotFound, TooLarge
from porch.runtime.client import Client, Form, PartialObject, Selection, connect
from porch.runtime.events import EventMetrics, EventRecorder, EventSettings, Severity, Subject
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.reflector import Reflector
from porch.runtime.resources import NAMESPACES, ObjectKey
from porch.runtime.status import StatusWriter
from porch.runtime.watch import Change, Changed, watch
from porch_devcluster.cluster import Cluster
from tests.integration.conftest import Kubectl
from tests.integration.runtime.conftest import Status, Thing, Things
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster


async def create(client: Client, things: Things, namespace: str, name: str) -> Thing:
    body = things.body(name, size=1)
    return await client.create(things.resource, body, namespace=namespace, into=Thing)


async def test_lost_races_and_refusals_are_told_apart(
    client: Client, things: Things, namespace: str
) -> None:
    """By the words of the real server, not by ours."""
    first = await create(client, things, namespace, "a")
    key = ObjectKey(namespace, "a")
    with pytest.raises(AlreadyExists):
        await create(client, things, namespace, "a")
    newer = await client.patch(things.resource, key, {"spec": {"size": 2}}, into=Thing)
    stale = msgspec.to_builtins(first) | {
        "apiVersion": things.resource.api_version,
        "kind": things.kind,
    }
    with pytest.raises(Conflict):
        await client.replace(things.resource, key, stale, into=Thing)
    with pytest.raises(Conflict):
        await client.delete(things.resource, key, uid="another")
    with pytest.raises(Conflict):
        await client.delete(things.resource, key, resource_version=first.metadata.resource_version)
    await client.delete(
        things.resource,
        key,
        uid=newer.metadata.uid,
        resource_version=newer.metadata.resource_version,
    )
    with pytest.raises(NotFound):
        await client.get(things.resource, key, into=Thing)
    with pytest.raises(Invalid) as caught:
        await create(client, things, namespace, "Not_A_Name")
    assert [cause.field for cause in caught.value.causes] == ["metadata.name"]


async def test_what_etcd_does_not_take_is_too_large(
    client: Client, things: Things, namespace: str
) -> None:
    """Answered as an internal error or as 413, and no retry helps with either."""
    for size in (2_000_000, 4_000_000):
        body = things.body("big", text="x" * size)
        with pytest.raises(TooLarge):
            await client.create(things.resource, body, namespace=namespace, into=PartialObject)


async def test_a_missing_right_is_forbidden(cluster: Cluster, things: Things) -> None:
    """As a user who may read nothing of this kind."""
    connection = load_kubeconfig([cluster.kubeconfig_for("viewer")])
    async with connect(connection) as viewer:
        with pytest.raises(Forbidden):
            await viewer.list(things.resource, into=Thing)


async def test_a_list_of_many_pages_is_one_instant(
    client: Client, things: Things, namespace: str
) -> None:
    """What is made while pages are read is not in it, and the watch from it tells of that."""
    client.settings = replace(client.settings, page_size=2)
    for number in range(5):
        await create(client, things, namespace, f"t{number}")
    selection = Selection(namespace=namespace)
    whole = await client.list(things.resource, selection, into=Thing)
    await create(client, things, namespace, "later")
    events = watch(
        client, things.resource, selection, since=whole.resource_version, into=PartialObject
    )
    async with aclosing(events), asyncio.timeout(10):
        event = await anext(events)

    assert [thing.metadata.name for thing in whole.items] == [f"t{number}" for number in range(5)]
    assert isinstance(event, Changed)
    assert (event.change, event.object.metadata.name) == (Change.ADDED, "later")


async def test_a_version_that_was_compacted_is_expired(
    client: Client, things: Things, namespace: str
) -> None:
    """Version 1 is before every object."""
    await create(client, things, namespace, "a")
    events = watch(client, things.resource, since="1", into=PartialObject)
    async with aclosing(events):
        with pytest.raises(Expired):
            await asyncio.wait_for(anext(events), 10)


async def test_a_status_has_one_writer_and_no_write_without_news(
    client: Client, things: Things, namespace: str
) -> None:
    """Equal: no call. Different: one write. Decided on an old object: refused."""
    writer = StatusWriter(client, things.resource, Thing)
    old = await create(client, things, namespace, "a")
    blue = await writer.write(old, Status(colour="blue"))
    assert await writer.write(blue, Status(colour="blue")) is blue
    with pytest.raises(Conflict):
        await writer.write(old, Status(colour="green"))

    managers = {(x.get("subresource", ""), x["operation"]) for x in blue.metadata.managed_fields}
    assert ("status", "Update") in managers
    assert blue.metadata.generation == old.metadata.generation


async def test_kubectl_describe_shows_our_events(
    client: Client, things: Things, kubectl: Kubectl, namespace: str
) -> None:
    """That is where a user looks first."""
    thing = await create(client, things, namespace, "a")
    recorder = EventRecorder(
        client,
        controller="porch.kpt.dev/tests",
        instance="one",
        metrics=EventMetrics(CollectorRegistry()),
        settings=EventSettings(recount=timedelta(seconds=0.1)),
    )
    subject = Subject(
        api_version=things.resource.api_version,
        kind=things.kind,
        namespace=namespace,
        name="a",
        uid=thing.metadata.uid,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(recorder.run())
        for _ in range(7):
            recorder.record(subject, Severity.WARNING, "RenderFailed", "set-namespace: no such")

        async def described() -> str:
            return await asyncio.to_thread(kubectl, "describe", str(things.resource), "a")

        async def told() -> str:
            text = await described()
            return text if "x7" in text else ""

        text: str = await eventually(told, within=timedelta(seconds=20))
        recorder.stop()
    assert "RenderFailed" in text
    assert "set-namespace: no such" in text


async def test_the_reflector_knows_two_thousand_objects_for_little(
    client: Client, things: Things, namespace: str
) -> None:
    """Metadata only: no body is ever here, whatever its size."""
    count = 2000

    async def make(begin: int) -> None:
        for number in range(begin, begin + count // 20):
            body = things.body(f"m{number}", text="x" * 2000)
            await client.create(things.resource, body, namespace=namespace, into=PartialObject)

    async with asyncio.TaskGroup() as group:
        for begin in range(0, count, count // 20):
            group.create_task(make(begin))
    seen: dict[ObjectKey, int] = {}

    def changed(found: PartialObject) -> None:
        seen[found.metadata.key] = found.metadata.generation

    def gone(key: ObjectKey) -> None:
        del seen[key]

    reflector = Reflector(
        client,
        things.resource,
        into=PartialObject,
        form=Form.METADATA,
        selection=Selection(namespace=namespace),
        changed=changed,
        gone=gone,
    )
    async with asyncio.TaskGroup() as group:
        tracemalloc.start()
        begun = time.perf_counter()
        task = group.create_task(reflector.run())
        await asyncio.wait_for(reflector.synced.wait(), 60)
        took = time.perf_counter() - begun
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(seen) == count
        assert took < 10
        assert held < 2500 * count  # what the test itself keeps is in it; a body has 2000 bytes

        key = ObjectKey(namespace, "m7")
        await client.patch(things.resource, key, {"spec": {"size": 2}}, into=PartialObject)
        await eventually(lambda: seen[key] == 2)
        await client.delete(things.resource, key)
        await eventually(lambda: key not in seen)
        task.cancel()


async def test_metadata_alone_has_no_body(client: Client, things: Things, namespace: str) -> None:
    """In a get, in a list and in a watch."""
    await create(client, things, namespace, "a")
    key = ObjectKey(namespace, "a")
    got = await client.get(things.resource, key, into=Thing, form=Form.METADATA)
    listed = await client.list(
        things.resource, Selection(namespace=namespace), into=Thing, form=Form.METADATA
    )

    assert [got.spec, *(item.spec for item in listed.items)] == [{}, {}]


async def test_cluster_scoped_objects_have_no_namespace(client: Client, namespace: str) -> None:
    """The key's namespace is empty then."""
    found = await client.get(NAMESPACES, ObjectKey("", namespace), into=PartialObject)

    assert found.metadata.name == namespace
