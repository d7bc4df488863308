"""The client: what it sends, how it reads, and what it does when the server is difficult."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web

from porch.runtime.apierrors import (
    Expired,
    Malformed,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from porch.runtime.client import ClientSettings, Form, Meta, PartialObject, PatchType, Selection
from porch.runtime.resources import NAMESPACES, ObjectKey, Resource
from porch.runtime.watch import Bookmark, Changed, watch
from tests.unit.runtime.apiserver import hang, lines, serving

THINGS = Resource("example.com", "v1", "things", "Thing")
KEY = ObjectKey("blue", "a.b")


class Thing(msgspec.Struct):
    """An object of the tests."""

    metadata: Meta
    size: int = 0


def thing(name: str, *, version: int = 1, size: int = 0) -> dict[str, object]:
    meta = {"name": name, "namespace": "blue", "resourceVersion": str(version)}
    return {"metadata": meta, "size": size}


def ok(body: object, status: int = 200, **headers: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), headers=headers)


def event(change: str, version: int, **more: object) -> str:
    body = {"type": change, "object": thing("a", version=version) | more}
    return msgspec.json.encode(body).decode()


QUICK = ClientSettings(
    request_timeout=timedelta(seconds=0.5),
    watch_silence=timedelta(seconds=0.2),
    watch_backoff=timedelta(seconds=0.01),
)


async def test_get_names_the_object_and_who_asks() -> None:
    """The path, the identity and no more."""
    async with serving(ok(thing("a.b", size=7))) as (client, script):
        found = await client.get(THINGS, KEY, into=Thing)

    assert found.size == 7
    assert script.asked[0].path == "/apis/example.com/v1/namespaces/blue/things/a.b"
    assert script.asked[0].headers["Authorization"] == "Bearer t0ken"


async def test_a_name_cannot_leave_its_place_in_the_path() -> None:
    """Names come from users; `../secrets/x` must stay one segment."""
    async with serving(ok(thing("x"))) as (client, script):
        await client.get(THINGS, ObjectKey("blue", "../secrets/x?y=#z"), into=Thing)

    assert script.asked[0].raw_path == (
        "/apis/example.com/v1/namespaces/blue/things/..%2Fsecrets%2Fx%3Fy%3D%23z"
    )


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (THINGS, ObjectKey("", "a")),
        (NAMESPACES, ObjectKey("blue", "a")),
        (THINGS, ObjectKey("blue", "")),
    ],
)
def test_an_object_of_the_wrong_scope_has_no_path(resource: Resource, key: ObjectKey) -> None:
    """An empty name would turn the deletion of one object into that of all."""
    with pytest.raises(ValueError, match=r"must be named|namespaced="):
        resource.object_path(key)


async def test_a_list_is_read_page_by_page() -> None:
    """Ten thousand objects in one answer would stop the API server and us."""
    first = {"metadata": {"resourceVersion": "9", "continue": "t/1"}, "items": [thing("a")]}
    last = {"metadata": {"resourceVersion": "9"}, "items": [thing("b")]}
    async with serving(ok(first), ok(last)) as (client, script):
        some = Selection(namespace="blue", labels="x=y")
        page = await client.list(THINGS, some, into=Thing, resource_version="0")

    assert [item.metadata.name for item in page.items] == ["a", "b"]
    assert page.resource_version == "9"
    assert script.asked[0].query == {
        "limit": "500",
        "labelSelector": "x=y",
        "resourceVersion": "0",
    }
    assert script.asked[1].query == {"limit": "500", "labelSelector": "x=y", "continue": "t/1"}


async def test_metadata_alone_is_asked_for_by_accept() -> None:
    """A list of large objects then weighs nothing."""
    async with serving(ok({"metadata": {}, "items": None})) as (client, script):
        await client.list(THINGS, into=PartialObject, form=Form.METADATA)

    assert "as=PartialObjectMetadataList" in script.asked[0].headers["Accept"]


async def test_apply_is_a_patch_that_takes_the_fields_it_names() -> None:
    """Server-side apply; the manager is who owns them."""
    async with serving(ok(thing("a"))) as (client, script):
        await client.apply(
            THINGS, KEY, {"size": 1}, into=PartialObject, manager="tests", subresource="status"
        )

    assert script.asked[0].method == "PATCH"
    assert script.asked[0].path.endswith("/things/a.b/status")
    assert script.asked[0].query == {"fieldManager": "tests", "force": "true"}
    assert script.asked[0].content_type == "application/apply-patch+yaml"
    assert script.bodies[0] == b'{"size":1}'


async def test_a_patch_says_how_it_is_to_be_read() -> None:
    """Merge by default."""
    async with serving(ok(thing("a"))) as (client, script):
        await client.patch(THINGS, KEY, {}, into=PartialObject)
        await client.patch(THINGS, KEY, [], into=PartialObject, patch_type=PatchType.JSON)

    assert [asked.content_type for asked in script.asked] == [
        "application/merge-patch+json",
        "application/json-patch+json",
    ]


async def test_a_deletion_can_be_bound_to_one_incarnation() -> None:
    """Somebody may have made the object anew since we decided."""
    async with serving(ok({})) as (client, script):
        await client.delete(THINGS, KEY, uid="u1", resource_version="5")

    assert msgspec.json.decode(script.bodies[0])["preconditions"] == {
        "uid": "u1",
        "resourceVersion": "5",
    }


async def test_an_answer_of_another_type_is_malformed() -> None:
    """A field of the wrong type names its path."""
    async with serving(ok({"metadata": {}, "size": "seven"})) as (client, _):
        with pytest.raises(Malformed, match=r"\$\.size"):
            await client.get(THINGS, KEY, into=Thing)


async def test_an_answer_above_the_limit_is_refused() -> None:
    """With its length told, and without."""

    async def unending(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 1000)
        return response

    small = ClientSettings(max_answer_bytes=10_000)
    async with serving(ok(["x" * 20_000]), unending, settings=small) as (client, _):
        for _ in range(2):
            with pytest.raises(TooLarge):
                await client.get(THINGS, KEY, into=Thing)


class Rotating:
    """Credentials that are good after having been refused once."""

    def __init__(self) -> None:
        self.generation = 1

    async def header(self) -> str:
        return f"Bearer {self.generation}"

    def refused(self) -> None:
        self.generation += 1


async def test_refused_credentials_are_renewed_once() -> None:
    """A token that was rotated under us costs one more round trip and no error."""
    async with serving(ok({}, 401), ok(thing("a")), as_=Rotating()) as (client, script):
        await client.get(THINGS, KEY, into=Thing)

    assert [asked.headers["Authorization"] for asked in script.asked] == ["Bearer 1", "Bearer 2"]


async def test_credentials_that_stay_refused_are_an_error() -> None:
    """Never a loop of logins."""
    async with serving(ok({}, 401), as_=Rotating()) as (client, script):
        with pytest.raises(Unauthorized):
            await client.get(THINGS, KEY, into=Thing)

    assert len(script.asked) == 2


async def test_a_throttled_call_is_repeated_when_the_server_says() -> None:
    """429 means: not carried out, come back."""
    busy = ok({}, 429, **{"Retry-After": "1"})
    async with serving(busy, ok(thing("a"))) as (client, script):
        begin = asyncio.get_running_loop().time()
        await client.get(THINGS, KEY, into=Thing)

        assert asyncio.get_running_loop().time() - begin >= 1
    assert len(script.asked) == 2


async def test_a_wish_beyond_the_timeout_is_told_at_once() -> None:
    """The queue waits better than a worker does."""
    busy = ok({}, 429, **{"Retry-After": "60"})
    async with serving(busy, settings=QUICK) as (client, _):
        with pytest.raises(TooManyRequests) as caught:
            await client.get(THINGS, KEY, into=Thing)

    assert caught.value.retry_after == timedelta(seconds=60)


async def test_a_silent_server_ends_in_unavailable() -> None:
    """Every call has its time."""

    async def silent(request: web.Request) -> web.StreamResponse:
        await hang()
        raise AssertionError

    async with serving(silent, settings=QUICK) as (client, _):
        with pytest.raises(Unavailable, match=r"within 0\.5 s"):
            await client.get(THINGS, KEY, into=Thing)


async def test_a_connection_that_breaks_ends_in_unavailable() -> None:
    """In the middle of a body, too."""

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(broken) as (client, _):
        with pytest.raises(Unavailable):
            await client.get(THINGS, KEY, into=Thing)


async def test_a_closed_client_says_so() -> None:
    """At shutdown passes end as errors, not as bugs."""
    async with serving(ok({})) as (client, _):
        await client.transport.close()
        with pytest.raises(Unavailable, match="closed"):
            await client.get(THINGS, KEY, into=Thing)


async def test_a_watch_is_resumed_where_it_ended() -> None:
    """The server ends every watch after minutes; nothing may be missed or told twice."""
    first = lines(
        event("ADDED", 5), '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}'
    )
    second = lines(event("DELETED", 9), then=hang)
    seen: list[Changed[Thing] | Bookmark] = []
    async with serving(first, second, settings=QUICK) as (client, script):
        async for found in watch(client, THINGS, since="3", into=Thing):
            seen.append(found)
            if len(seen) == 3:
                break

    assert [found.resource_version for found in seen] == ["5", "8", "9"]
    assert [asked.query["resourceVersion"] for asked in script.asked] == ["3", "8"]
    assert script.asked[0].query["allowWatchBookmarks"] == "true"


async def test_a_silent_watch_is_made_anew() -> None:
    """Load balancers drop idle streams without a word."""
    async with serving(
        lines(event("ADDED", 5), then=hang), lines(event("ADDED", 6), then=hang), settings=QUICK
    ) as (client, script):
        versions = []
        async for found in watch(client, THINGS, since="3", into=Thing):
            versions.append(found.resource_version)
            if len(versions) == 2:
                break

    assert versions == ["5", "6"]
    assert script.asked[1].query["resourceVersion"] == "5"


async def test_a_watch_waits_for_a_server_that_is_away() -> None:
    """An API server that restarts is no reason to list everything again."""
    away = ok({}, 503)
    async with serving(away, away, lines(event("ADDED", 5)), settings=QUICK) as (client, script):
        async for found in watch(client, THINGS, since="3", into=Thing):
            assert found.resource_version == "5"
            break

    assert len(script.asked) == 3


@pytest.mark.parametrize("inside", [True, False], ids=["in the stream", "as the answer"])
async def test_a_watch_that_is_too_late_says_expired(inside: bool) -> None:
    """The caller must list again; nothing else is right."""
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    in_stream = msgspec.json.encode({"type": "ERROR", "object": gone}).decode()
    answer = lines(in_stream) if inside else ok(gone, 410)
    async with serving(answer, settings=QUICK) as (client, _):
        with pytest.raises(Expired):
            async for _ in watch(client, THINGS, since="3", into=Thing):
                pass


async def test_a_watch_of_a_kind_that_is_gone_ends() -> None:
    """The CRD was removed; the caller decides."""
    async with serving(ok({}, 404), settings=QUICK) as (client, _):
        with pytest.raises(NotFound):
            async for _ in watch(client, THINGS, since="3", into=Thing):
                pass


async def test_an_event_in_a_thousand_pieces_is_one_event() -> None:
    """A megabyte arrives in packets, and two events may share one."""
    whole = event("ADDED", 5, pad="x" * 200_000) + "\n" + event("ADDED", 6) + "\n"

    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for begin in range(0, len(whole), 777):
            await response.write(whole[begin : begin + 777].encode())
        await hang()
        return response

    async with serving(in_pieces) as (client, _):
        versions = []
        async for found in watch(client, THINGS, since="3", into=Thing):
            versions.append(found.resource_version)
            if len(versions) == 2:
                break

    assert versions == ["5", "6"]
