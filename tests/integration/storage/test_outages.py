"""A server that is away, slow, locked or elsewhere: an error that says so, and no secret in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from porch.storage.adapter import (
    AccessDenied,
    RepositoryInvalid,
    RevisionId,
    Stored,
    Unreachable,
)
from porch.storage.git import pktline
from porch.storage.git.credentials import Credentials, Login, anonymous
from porch.storage.git.program import Git
from porch.storage.git.remote import Access, address
from porch.storage.git.smarthttp import SmartHttp
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials as Asked
from porch_devcluster.gitserver.server import GitServer
from tests.integration.proxy import proxying
from tests.integration.storage.opening import MAIN, Opener
from tests.integration.storage.packages import (
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)
from tests.integration.waiting import eventually

pytestmark = pytest.mark.process

SECRET = "sesame-open"  # noqa: S105 - of a test


@pytest.fixture(params=[False, True], ids=["http", "program"])
async def own(
    own_git_server: GitServer, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Opener]:
    """Opens a repository of a server of our own, in both ways."""
    repository = own_git_server.create_repository("own", files={"README.md": "x"})
    url = own_git_server.url_of(repository)
    opener = Opener(url, tmp_path, by_program=request.param)
    yield opener
    await opener.close()


def given(*credentials: Credentials) -> Access:
    """Access with these credentials, one after the other; the last one stays."""
    left = list(credentials)

    async def source(_: Credentials | None) -> Credentials:
        return left.pop(0) if len(left) > 1 else left[0]

    return Access(credentials=source)


async def test_an_outage_changes_nothing_and_ends(own: Opener, own_git_server: GitServer) -> None:
    """What was known stays known; what waits is told, and works again afterwards."""
    repository = await own()
    final = await published(repository)
    own_git_server.stop()
    with pytest.raises(Unreachable, match="cannot be reached"):
        await repository.observe()
    with pytest.raises(Unreachable):
        await repository.apply(draft(RevisionId("net/vpc", "v2")))
    assert dict(await repository.read(final)) == dict(package())
    own_git_server.start()

    assert (await repository.observe()).revisions[VPC] == final


async def test_wrong_credentials_are_denied_and_never_shown(
    own: Opener, own_git_server: GitServer
) -> None:
    """The message names the Secret's field, not what is in it."""
    own_git_server.require(Asked("joe", "right"))
    repository = await own(access=given(Credentials.basic("joe", SECRET)))
    with pytest.raises(AccessDenied) as denied:
        await repository.observe()

    text = f"{denied.value!r} {denied.value.__cause__!r}"
    assert "secretRef" in text
    assert SECRET not in text
    assert Credentials.basic("joe", SECRET).authorization.split()[1] not in text


async def test_no_credentials_where_some_are_asked_for_are_denied(
    own: Opener, own_git_server: GitServer
) -> None:
    """And nobody is prompted."""
    own_git_server.require(Asked("joe", "right"))
    with pytest.raises(AccessDenied):
        await (await own()).observe()


async def test_rotated_credentials_are_asked_for_once_more(
    own: Opener, own_git_server: GitServer
) -> None:
    """A Secret that was changed takes effect with the next refusal, without an error."""
    own_git_server.require(Asked("joe", "new"))
    access = given(Credentials.basic("joe", "old"), Credentials.basic("joe", "new"))
    repository = await own(access=access)

    assert (await repository.observe()).head
    assert (await published(repository)).revision == 1


async def test_registrations_of_one_url_do_not_share_credentials(
    own_git_server: GitServer, tmp_path: Path
) -> None:
    """One has a Secret, the other has not: it must not read through the first one's."""
    repository = own_git_server.create_repository("shared", files={"README.md": "x"})
    own_git_server.require(Asked("joe", "right"))
    opener = Opener(own_git_server.url_of(repository), tmp_path)
    owner = await opener(access=given(Credentials.basic("joe", "right")), at="shared")
    await owner.observe()
    stranger = await opener.also(owner, MAIN, Access())

    with pytest.raises(AccessDenied):
        await stranger.observe()
    with pytest.raises(AccessDenied):
        await stranger.apply(publication())
    assert isinstance(await owner.apply(publication()), Stored)
    await opener.close()


async def test_a_repository_that_is_not_there_is_invalid(
    own: Opener, own_git_server: GitServer
) -> None:
    """Waiting does not help."""
    own.url = f"{own_git_server.url}/nowhere.git"
    with pytest.raises(RepositoryInvalid, match=r"nowhere\.git"):
        await (await own()).observe()


async def test_a_server_that_hangs_is_given_up(opened: Opener, git_server: GitServer) -> None:
    """Every call has its time."""
    async with proxying("127.0.0.1", git_server.port) as proxy:
        opened.url = opened.url.replace(f":{git_server.port}/", f":{proxy.port}/")
        repository = await opened(access=Access(timeout=timedelta(seconds=0.5)))
        await repository.observe()
        proxy.hold()
        with pytest.raises(Unreachable, match="within"):
            await repository.observe()
        proxy.let()

        assert (await repository.observe()).head


async def test_a_push_whose_answer_is_lost_is_recognised_when_repeated(
    opened: Opener, git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """The connection is cut after the server took it."""
    async with proxying("127.0.0.1", git_server.port) as proxy:
        opened.url = opened.url.replace(f":{git_server.port}/", f":{proxy.port}/")
        repository = await opened(access=Access(timeout=timedelta(seconds=5)))
        put = stored(await repository.apply(draft()))
        hook = f"#!/bin/sh\ntouch {tmp_path}/reached\nexec sleep 0.3\n"
        git_repository.install_hook("post-receive", hook)
        publishing = asyncio.create_task(repository.apply(publication(over=put)))
        await eventually((tmp_path / "reached").exists)
        proxy.refuse()
        with pytest.raises(Unreachable):
            await publishing
        proxy.let()
        git_repository.remove_hook("post-receive")

        assert stored(await repository.apply(publication(over=put))).revision == 1
    assert git_repository.git("rev-list", "--count", "--merges", "main").strip() == "1"


async def test_a_cancelled_change_that_nobody_waits_for_is_not_made(
    opened: Opener, git_repository: Repository
) -> None:
    """It was not acknowledged, and it had not begun."""
    adapter = await opened()
    asked = asyncio.create_task(adapter.apply(publication()))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await adapter.close()

    assert git_repository.refs().keys() == {"refs/heads/main"}


@pytest.fixture
async def answering() -> AsyncIterator[Callable[[web.Response], str]]:
    """A web server that gives one answer to everything; its URL."""
    answers: list[web.Response] = []

    async def handle(_: web.Request) -> web.Response:
        return answers[0]

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()

    def answer(response: web.Response) -> str:
        answers[:] = [response]
        return f"http://127.0.0.1:{runner.addresses[0][1]}/x.git"

    yield answer
    await runner.cleanup()


async def test_a_server_without_protocol_version_2_is_listed(
    answering: Callable[[web.Response], str], tmp_path: Path
) -> None:
    """Its refs come with the first answer; peeled tags are no refs."""
    one, two = "1" * 40, "2" * 40
    lines = [
        f"{one} HEAD\0multi_ack symref=HEAD:refs/heads/main\n",
        f"{one} refs/heads/main\n",
        f"{one} refs/pull/1/head\n",
        f"{two} refs/tags/p/v1\n",
        f"{one} refs/tags/p/v1^{{}}\n",
    ]
    service = pktline.line("# service=git-upload-pack\n") + pktline.FLUSH
    body = service + b"".join(map(pktline.line, lines)) + pktline.FLUSH
    where = address(answering(web.Response(body=body)))
    login = Login(anonymous, where.given)
    transport = SmartHttp(where, Access(), login, Git(tmp_path, where, Access(), login))

    assert await transport.refs() == {"refs/heads/main": one, "refs/tags/p/v1": two}
    assert await transport.bring([one], [two]) is None
    await transport.close()


@pytest.mark.parametrize(
    ("response", "error", "words"),
    [
        (web.Response(status=HTTPStatus.BAD_GATEWAY, text="no upstream"), Unreachable, "upstream"),
        (web.Response(status=HTTPStatus.TOO_MANY_REQUESTS), Unreachable, "429"),
        (web.Response(status=HTTPStatus.FORBIDDEN, text="plan expired"), AccessDenied, "expired"),
        (web.Response(text="<html>Sign in</html>"), RepositoryInvalid, "smart HTTP"),
        (web.Response(body=b"000eversion 2\n00"), Unreachable, "packet line"),
        (web.Response(body=b"000eversion 2\n"), Unreachable, "too early"),
        (
            web.Response(
                status=HTTPStatus.MOVED_PERMANENTLY,
                headers={"Location": "https://new.host/x.git/info/refs?service=git-upload-pack"},
            ),
            RepositoryInvalid,
            "moved to https://new.host/x.git; register",
        ),
    ],
)
async def test_odd_answers_are_told_as_what_they_are(
    opened: Opener,
    answering: Callable[[web.Response], str],
    *,
    response: web.Response,
    error: type[Exception],
    words: str,
) -> None:
    """Proxies, sign-in pages and moved repositories are met every day; absence is proved only."""
    opened.url = answering(response)
    with pytest.raises(error, match=words):
        await (await opened()).observe()
