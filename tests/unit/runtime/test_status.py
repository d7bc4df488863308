"""The status writer: nothing for nothing, and never over news."""

from datetime import datetime

import msgspec
import pytest
from aiohttp import web

from porch.errors import Conflict
from porch.runtime.resources import Resource
from porch.runtime.status import StatusWriter
from tests.unit.runtime.apiserver import serving

THINGS = Resource("example.com", "v1", "things", "Thing")


class Meta(msgspec.Struct, frozen=True, rename="camel"):
    """Enough metadata."""

    name: str = "a"
    namespace: str = "blue"
    uid: str = "one"
    resource_version: str = "7"
    deletion_timestamp: datetime | None = None
    finalizers: list[str] = []


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was observed."""

    colour: str = ""
    size: int = 0


class Thing(msgspec.Struct, frozen=True):
    """An object with a status."""

    metadata: Meta = Meta()
    status: Status = Status()


BLUE = Thing(status=Status(colour="blue"))


async def test_an_equal_status_is_not_sent() -> None:
    """Each write wakes every watcher, ours included."""
    async with serving(web.Response(body=b"{}")) as (client, script):
        writer = StatusWriter(client, THINGS, Thing)

        assert await writer.write(BLUE, Status(colour="blue")) is BLUE
        assert script.asked == []


async def test_a_new_status_goes_with_the_version_it_was_decided_on() -> None:
    """All of the status, and nothing but the status."""
    async with serving(web.Response(body=msgspec.json.encode(BLUE))) as (client, script):
        writer = StatusWriter(client, THINGS, Thing)
        written = await writer.write(Thing(), Status(colour="blue"))

    assert written == BLUE
    assert script.asked[0].path == "/apis/example.com/v1/namespaces/blue/things/a/status"
    assert script.asked[0].method == "PUT"
    assert msgspec.json.decode(script.bodies[0]) == {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "namespace": "blue", "resourceVersion": "7"},
        "status": {"colour": "blue"},
    }


async def test_a_status_is_written_over_a_change_that_is_not_of_the_status() -> None:
    """A wish that came meanwhile does not make untrue what was found out."""
    wished = Thing(Meta(resource_version="8"))
    answers = [
        web.Response(status=409),
        web.Response(body=msgspec.json.encode(wished)),
        web.Response(body=msgspec.json.encode(BLUE)),
    ]
    async with serving(*answers) as (client, script):
        writer = StatusWriter(client, THINGS, Thing)
        written = await writer.write(Thing(), Status(colour="blue"))

    assert written == BLUE
    assert msgspec.json.decode(script.bodies[2])["metadata"]["resourceVersion"] == "8"


@pytest.mark.parametrize(
    "now",
    [
        Thing(Meta(resource_version="8"), Status(colour="red")),
        Thing(Meta(resource_version="8", uid="another")),
    ],
    ids=["another status", "another object"],
)
async def test_a_status_is_never_written_over_that_of_another_process(now: Thing) -> None:
    """A paused leader that wakes up knows nothing of what its successor did."""
    answers = [web.Response(status=409), web.Response(body=msgspec.json.encode(now))]
    async with serving(*answers) as (client, script):
        writer = StatusWriter(client, THINGS, Thing)
        with pytest.raises(Conflict):
            await writer.write(Thing(), Status(colour="blue"))

    assert len(script.asked) == 2
