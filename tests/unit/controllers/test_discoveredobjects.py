"""Objects for what git has: many at once, and one that cannot be hurts no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp import web

from porch.api.lifecycle import Lifecycle
from porch.api.meta import ObjectMeta
from porch.api.packagerevision import PackageRevision
from porch.api.repository import GitRepository, Repository, RepositorySpec, RepositoryType
from porch.controllers.discoveredobjects import DiscoveredObjects
from porch.controllers.homes import Registered
from porch.engine.discovery import Discovered
from porch.engine.seen import Key
from porch.kpt.content import Digest
from porch.runtime.apierrors import Unavailable
from porch.runtime.client import ClientSettings
from porch.runtime.store import Store
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Version
from porch.storage.known import Known
from porch.storage.nowhere import NOWHERE
from tests.unit.runtime.apiserver import serving

MANY = 40


def registered() -> Registered:
    """A Repository that has just been listed."""
    metadata = msgspec.convert({"name": "r", "namespace": "ns"}, ObjectMeta)
    git = GitRepository(repo="https://example.org/r.git")
    spec = RepositorySpec(type=RepositoryType.GIT, git=git)
    known = Known(NOWHERE, lambda: datetime.now(UTC))
    return Registered(Repository(metadata=metadata, spec=spec), known)


def discovered(number: int) -> Discovered:
    """Revision `number` of a package."""
    lock = Lock("https://example.org/r.git", "p", f"p/v{number}", "c")
    digest = Digest("tree:" + "0" * 40)
    id_ = RevisionId("p", f"v{number}")
    stored = StoredRevision(id_, Lifecycle.PUBLISHED, number, digest, Version("v"), lock)
    return Discovered(f"r.p.v{number}", stored)


async def made(request: web.Request) -> web.Response:
    """The API server's answer; it takes no v7, and has v8 already."""
    body = await request.json()
    name = body["metadata"]["name"]
    if name == "r.p.v7":
        refusal = {"kind": "Status", "reason": "Invalid", "message": "v7 is no name"}
        return web.json_response(refusal, status=422)
    if name == "r.p.v8":
        return web.json_response({"kind": "Status", "reason": "AlreadyExists"}, status=409)
    body["metadata"] |= {"namespace": "ns", "resourceVersion": "1", "uid": name, "generation": 1}
    return web.json_response(body, status=201)


async def test_one_that_the_server_does_not_take_is_a_warning() -> None:
    """All others are there, known at once and looked at; files wait until they all are."""
    revisions: Store[PackageRevision] = Store()
    home, looked_at, settling = registered(), list[Key](), list[bool]()

    def look_at(key: Key) -> None:
        looked_at.append(key)
        settling.append(home.is_settling)

    async with serving(made) as (client, script):
        objects = DiscoveredObjects(client=client, revisions=revisions, look_at=look_at)
        warned = await objects.make_all(home, [discovered(n) for n in range(1, MANY + 1)])

    assert [(each.where, "v7 is no name" in each.why) for each in warned] == [("p/v7", True)]
    assert len(script.asked) == MANY
    assert len(revisions) == MANY - 2
    assert set(settling[: MANY - 1]) == {True}
    assert set(settling[MANY - 1 :]) == {False}
    assert {each.name for each in looked_at} == {f"r.p.v{n}" for n in range(1, MANY + 1)}


async def test_a_server_that_is_away_ends_it_and_nothing_stays_hidden() -> None:
    """The next listing goes on; files must not wait for ever."""
    home = registered()
    away = web.Response(status=500, body=json.dumps({"message": "etcd is away"}).encode())
    async with serving(away, settings=ClientSettings()) as (client, _):
        objects = DiscoveredObjects(client=client, revisions=Store(), look_at=lambda _: None)
        with pytest.raises(Unavailable):
            await objects.make_all(home, [discovered(n) for n in range(1, MANY)])

    assert not home.is_settling
