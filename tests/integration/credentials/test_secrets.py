"""Which Secrets are read and when; what is told of one that is of no use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from porch.controllers.credentialerrors import NoCredentials
from porch.storage.adapter import AccessDenied, Untrusted
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials as Asked
from porch_devcluster.gitserver.server import GitServer
from porch_devcluster.pki import Authority
from tests.integration.credentials.conftest import Registrar
from tests.integration.credentials.tlsfront import tls_front
from tests.integration.storage.packages import published

pytestmark = pytest.mark.process

RIGHT = {"username": "joe", "password": "right"}


@pytest.fixture
def repository(own_git_server: GitServer) -> Repository:
    """A repository that only joe may see."""
    own_git_server.require(Asked("joe", "right"))
    return own_git_server.create_repository("own", files={"README.md": "x"})


async def test_a_rotated_secret_takes_effect_with_the_next_refusal(
    registrar: Registrar, own_git_server: GitServer, repository: Repository
) -> None:
    """Without an error, and without a restart."""
    registrar.secrets.held["access"] = dict(RIGHT)
    opened = await registrar(own_git_server.url_of(repository))
    await opened.observe()
    own_git_server.require(Asked("joe", "new"))
    registrar.secrets.held["access"]["password"] = "new"  # noqa: S105 - of a test

    assert (await published(opened)).revision == 1


async def test_a_secret_that_goes_is_noticed_within_minutes(
    registrar: Registrar, own_git_server: GitServer, repository: Repository
) -> None:
    """Whoever takes credentials away means it, though the server still takes them."""
    registrar.secrets.held["access"] = dict(RIGHT)
    opened = await registrar(own_git_server.url_of(repository))
    await opened.observe()
    del registrar.secrets.held["access"]
    await opened.observe()
    registrar.clock.ahead = timedelta(minutes=6)

    with pytest.raises(NoCredentials, match="create it in namespace 'team-a'"):
        await opened.observe()


async def test_only_the_named_secret_of_the_namespace_is_read(
    registrar: Registrar, own_git_server: GitServer, repository: Repository
) -> None:
    """And once for many requests."""
    registrar.secrets.held["access"] = dict(RIGHT)
    opened = await registrar(own_git_server.url_of(repository))
    for _ in range(3):
        await opened.observe()

    assert registrar.secrets.asked == ["/api/v1/namespaces/team-a/secrets/access"]


async def test_wrong_credentials_are_told_with_the_field_that_names_them(
    registrar: Registrar, own_git_server: GitServer, repository: Repository
) -> None:
    """What was found, and what to look at."""
    registrar.secrets.held["access"] = RIGHT | {"password": "wrong"}
    opened = await registrar(own_git_server.url_of(repository))

    with pytest.raises(AccessDenied, match=r"HTTP 401.*`spec.git.secretRef`"):
        await opened.observe()


@pytest.fixture
async def private(
    own_git_server: GitServer, repository: Repository, tmp_path: Path
) -> AsyncIterator[tuple[str, str]]:
    """The repository's address behind TLS of an unknown authority, and the certificate of that."""
    authority = Authority()
    async with tls_front(own_git_server.port, authority, tmp_path) as port:
        url = f"https://127.0.0.1:{port}/{repository.name}.git"
        yield url, authority.pair.certificate.decode()


async def test_an_unknown_authority_is_not_trusted_before_the_secret_names_it(
    registrar: Registrar, private: tuple[str, str]
) -> None:
    """Neither by our requests nor by the git program, which brings large fetches."""
    url, certificate = private
    registrar.secrets.held["access"] = dict(RIGHT)
    opened = await registrar(url)
    with pytest.raises(Untrusted, match=r"`ca.crt`"):
        await opened.observe()
    registrar.secrets.held["access"]["ca.crt"] = certificate

    assert (await opened.observe()).head
    assert (await published(opened)).revision == 1


async def test_the_bundle_of_a_namespace_is_trusted_when_the_operator_is_told_to(
    registrar: Registrar, private: tuple[str, str]
) -> None:
    """One Secret for all repositories of a team."""
    url, certificate = private
    registrar.secrets.held["access"] = dict(RIGHT)
    registrar.secrets.held["team-a-ca-bundle"] = {"ca.crt": certificate}
    with pytest.raises(Untrusted):
        await (await registrar(url)).observe()
    registrar.ca_bundles = True
    registrar.restart()

    assert (await (await registrar(url)).observe()).head
