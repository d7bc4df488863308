"""The reflector: what is there, what changed, and what a complete list proves to be gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web

from porch.runtime.apierrors import Forbidden
from porch.runtime.client import ClientSettings, Form, PartialObject
from porch.runtime.reflector import Reflector
from porch.runtime.resources import ObjectKey, Resource
from tests.unit.runtime.apiserver import Answer, Script, hang, lines, serving

THINGS = Resource("example.com", "v1", "things", "Thing")
QUICK = ClientSettings(watch_backoff=timedelta(seconds=0.01))
GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}


def meta(name: str, generation: int) -> dict[str, object]:
    return {
        "name": name,
        "namespace": "blue",
        "resourceVersion": str(generation),
        "generation": generation,
    }


def listing(*names: str, more: str = "") -> web.Response:
    items = [{"metadata": meta(name, 1)} for name in names]
    head = {"resourceVersion": "9", "continue": more}
    return web.Response(body=msgspec.json.encode({"metadata": head, "items": items}))


def event(change: str, name: str, generation: int) -> str:
    body = {"type": change, "object": {"metadata": meta(name, generation)}}
    return msgspec.json.encode(body).decode()


def error(status: dict[str, object]) -> str:
    return msgspec.json.encode({"type": "ERROR", "object": status}).decode()


class Told:
    """What the reflector told, in order."""

    def __init__(self) -> None:
        self.news: list[str] = []
        self._arrived = asyncio.Event()

    def changed(self, found: PartialObject) -> None:
        self.news.append(f"{found.metadata.name}@{found.metadata.generation}")
        self._arrived.set()

    def gone(self, key: ObjectKey) -> None:
        self.news.append(f"-{key.name}")
        self._arrived.set()

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.news) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.news


@asynccontextmanager
async def reflecting(
    *answers: Answer,
) -> AsyncIterator[tuple[Told, Reflector[PartialObject], Script]]:
    told = Told()
    async with serving(*answers, settings=QUICK) as (client, script), asyncio.TaskGroup() as group:
        reflector = Reflector(
            client,
            THINGS,
            into=PartialObject,
            form=Form.METADATA,
            changed=told.changed,
            gone=told.gone,
        )
        task = group.create_task(reflector.run())
        yield told, reflector, script
        task.cancel()


async def test_it_tells_what_is_there_and_then_what_changes() -> None:
    """Page by page, then as it happens; metadata is all that crosses the wire."""
    changes = lines(event("MODIFIED", "a", 2), event("DELETED", "b", 3), then=hang)
    pages = (listing("a", more="t"), listing("b"))
    async with reflecting(*pages, changes) as (told, reflector, script):
        assert await told.until(4) == ["a@1", "b@1", "a@2", "-b"]
        assert reflector.synced.is_set()
    assert all("PartialObjectMetadata" in asked.headers["Accept"] for asked in script.asked)
    assert script.asked[2].query["resourceVersion"] == "9"


async def test_what_a_later_list_lacks_is_gone() -> None:
    """Its deletion happened while the watch was too old; only a complete list proves it."""
    answers = (listing("a", "b"), lines(error(GONE)), listing("b", "c"), lines(then=hang))
    async with reflecting(*answers) as (told, _, _):
        assert await told.until(5) == ["a@1", "b@1", "b@1", "c@1", "-a"]


async def test_a_list_that_fails_half_way_proves_nothing() -> None:
    """A page that is missing would look like a hundred deletions."""
    expired = web.Response(status=410, body=msgspec.json.encode(GONE))
    answers = (
        listing("a", "b"),
        lines(error(GONE)),
        listing("a", more="t"),
        expired,
        listing("a", "b"),
        lines(then=hang),
    )
    async with reflecting(*answers) as (told, _, _):
        assert await told.until(5) == ["a@1", "b@1", "a@1", "a@1", "b@1"]


async def test_a_server_that_is_away_and_a_kind_that_is_not_served_are_waited_for() -> None:
    """The CRD may be installed after us."""
    away, unknown = web.Response(status=503), web.Response(status=404)
    async with reflecting(away, unknown, listing("a"), lines(then=hang)) as (told, _, _):
        assert await told.until(1) == ["a@1"]


async def test_a_right_that_was_there_is_waited_for() -> None:
    """An API server that starts refuses everything until it has read the roles."""
    starting = web.Response(status=403)
    answers = (listing("a"), starting, starting, listing("a", "b"), lines(then=hang))
    async with reflecting(*answers) as (told, _, _):
        assert await told.until(3) == ["a@1", "a@1", "b@1"]


async def test_a_missing_right_ends_it() -> None:
    """Waiting would hide what an administrator must repair."""
    with pytest.raises(ExceptionGroup) as caught:
        async with reflecting(web.Response(status=403)):
            await asyncio.sleep(5)

    assert caught.group_contains(Forbidden)
