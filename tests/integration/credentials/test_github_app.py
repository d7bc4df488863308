"""Tokens of a GitHub App: fetched, shared, renewed; and what is told when there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from porch.controllers.credentialerrors import NoCredentials
from porch.storage.adapter import Unreachable
from porch_devcluster.gitserver.server import Credentials as Asked
from porch_devcluster.gitserver.server import GitServer
from tests.integration.credentials.conftest import Registrar
from tests.integration.credentials.tokenserver import (
    APP,
    INSTALLATION,
    TokenServer,
    token_server,
)

pytestmark = pytest.mark.process


@pytest.fixture
async def github(registrar: Registrar) -> AsyncIterator[TokenServer]:
    """GitHub's API, and the Secret of an App that it knows."""
    async with token_server(registrar.clock.now) as server:
        registrar.secrets.held["access"] = {
            "githubAppID": APP,
            "githubAppInstallationID": INSTALLATION,
            "githubAppPrivateKey": server.private_key,
            "githubAppBaseURL": server.url,
        }
        yield server


def served(server: GitServer, name: str = "own") -> str:
    """The address of a new repository that takes the App's first token."""
    server.require(Asked("x-access-token", "ghs_0"))
    return server.url_of(server.create_repository(name, files={"README.md": "x"}))


async def test_an_app_is_exchanged_for_a_token_that_all_its_repositories_share(
    registrar: Registrar, github: TokenServer, own_git_server: GitServer
) -> None:
    """GitHub limits how many it gives."""
    one = await registrar(served(own_git_server, "one"))
    other = await registrar(served(own_git_server, "other"))
    await one.observe()
    await one.observe()
    await other.observe()

    assert github.given == ["ghs_0"]


async def test_a_token_is_renewed_before_it_ends(
    registrar: Registrar, github: TokenServer, own_git_server: GitServer
) -> None:
    """No request begins with a dead one."""
    opened = await registrar(served(own_git_server))
    await opened.observe()
    registrar.clock.ahead = timedelta(minutes=54)
    await opened.observe()
    assert github.given == ["ghs_0"]
    registrar.clock.ahead = timedelta(minutes=56)
    own_git_server.require(Asked("x-access-token", "ghs_1"))
    await opened.observe()

    assert github.given == ["ghs_0", "ghs_1"]


async def test_a_token_that_is_refused_is_renewed_at_once(
    registrar: Registrar, github: TokenServer, own_git_server: GitServer
) -> None:
    """An App may be uninstalled and installed again."""
    opened = await registrar(served(own_git_server))
    await opened.observe()
    own_git_server.require(Asked("x-access-token", "ghs_1"))

    assert (await opened.observe()).head
    assert github.given == ["ghs_0", "ghs_1"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("githubAppPrivateKey", "no key", "must be an RSA private key"),
        ("githubAppID", "1", "HTTP 404.*check 'githubAppID'"),
        ("githubAppInstallationID", "", "must have 'githubAppInstallationID'"),
    ],
)
async def test_an_app_that_is_wrong_says_which_field_to_check(
    registrar: Registrar,
    github: TokenServer,
    own_git_server: GitServer,
    *,
    field: str,
    value: str,
    words: str,
) -> None:
    """There is nothing to see at the git server."""
    right = registrar.secrets.held["access"][field]
    registrar.secrets.held["access"][field] = value
    opened = await registrar(served(own_git_server))
    with pytest.raises(NoCredentials, match=words):
        await opened.observe()
    registrar.secrets.held["access"][field] = right

    assert (await opened.observe()).head


async def test_an_api_that_is_down_is_no_fault_of_the_secret(
    registrar: Registrar, github: TokenServer, own_git_server: GitServer
) -> None:
    """It is tried again."""
    registrar.secrets.held["access"]["githubAppBaseURL"] = "http://127.0.0.1:9"
    opened = await registrar(served(own_git_server))

    with pytest.raises(Unreachable, match="does not answer"):
        await opened.observe()
