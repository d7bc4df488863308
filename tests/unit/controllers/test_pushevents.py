"""The receiver of push events, over HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
import pytest

from porch.api.meta import ObjectMeta
from porch.api.repository import GitRepository, Repository, RepositorySpec, RepositoryType
from porch.controllers.pushevents import MAX_BODY_BYTES, PushEvents, serve
from porch.engine.seen import Key

TOKEN = {"Authorization": "Bearer sesame"}


def registered(name: str, url: str) -> Repository:
    """A Repository of namespace `team`."""
    metadata = msgspec.convert({"name": name, "namespace": "team"}, ObjectMeta)
    git = GitRepository(repo=url)
    return Repository(metadata=metadata, spec=RepositorySpec(type=RepositoryType.GIT, git=git))


@dataclass
class Receiver:
    """A running receiver, and what it has woken."""

    secret_file: Path
    repositories: list[Repository] = field(default_factory=list)
    woken: list[Key] = field(default_factory=list)
    is_working: bool = True
    port: int = 0

    async def post(self, body: object, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and text of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}/"
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                url, data=io.BytesIO(data), headers=TOKEN if headers is None else headers
            ) as answer,
        ):
            return answer.status, await answer.text()


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    """With a secret, and two Repositories at one address."""
    found = Receiver(tmp_path / "secret")
    found.secret_file.write_text("sesame\n")
    url = "https://git.example.org/team/packages.git"
    found.repositories = [
        registered("packages", url),
        registered("same", url + "/"),
        registered("inside", "http://gitea.gitea.svc:3000/other/packages.git"),
    ]
    events = PushEvents(
        repositories=found.repositories,
        look_at=found.woken.append,
        secret_file=found.secret_file,
        is_working=lambda: found.is_working,
    )
    async with serve(0, events.receive, host="127.0.0.1") as port:
        found.port = port
        yield found


async def test_all_repositories_of_the_address_are_woken(receiver: Receiver) -> None:
    """And no others."""
    status, text = await receiver.post({"url": "https://git.example.org/team/packages"})

    assert (status, text) == (202, "listing now: team/packages, team/same\n")
    assert receiver.woken == [Key("team", "packages"), Key("team", "same")]


async def test_a_server_with_another_name_outside_is_known_by_the_path(receiver: Receiver) -> None:
    """A server in the cluster sends the address that people use."""
    assert (await receiver.post({"url": "https://gitea.example.org/other/packages"}))[0] == 202
    assert receiver.woken == [Key("team", "inside")]


async def test_an_event_of_a_repository_that_nobody_registered_is_told(receiver: Receiver) -> None:
    """The hook's own log shows it."""
    status, text = await receiver.post({"url": "https://git.example.org/team/else"})

    assert (status, text) == (404, "no Repository is registered at git.example.org/team/else\n")


async def test_a_stranger_wakes_nothing(receiver: Receiver) -> None:
    """Nor learns which repositories there are."""
    status, text = await receiver.post({"url": "https://git.example.org/team/packages"}, {})

    assert status == 401
    assert "packages" not in text
    assert receiver.woken == []


async def test_the_secret_may_be_rotated(receiver: Receiver) -> None:
    """It is a mounted file; a receiver without one takes nothing."""
    receiver.secret_file.write_text("other")
    assert (await receiver.post({"url": "https://x.org/y"}))[0] == 401
    receiver.secret_file.unlink()

    assert (await receiver.post({"url": "https://x.org/y"}, {"Authorization": "Bearer "}))[0] == 503


async def test_a_body_is_not_read_without_end(receiver: Receiver) -> None:
    """Whoever sends it."""
    status, text = await receiver.post(b"x" * (MAX_BODY_BYTES + 1))

    assert status == 413
    assert str(MAX_BODY_BYTES) in text


async def test_a_replica_that_stands_by_says_so(receiver: Receiver) -> None:
    """Polling of the other one notices the push."""
    receiver.is_working = False

    assert (await receiver.post({"url": "https://x.org/y"}))[0] == 503
