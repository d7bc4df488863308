"""What registries do on bad days, and what caches and proxies before them do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from porch.errors import Disposition, PorchError
from porch_devcluster.images import INDEX, digest_of
from porch_function_runner.images.failures import (
    RegistryBusy,
    RegistryDenied,
    RegistryUnavailable,
    UnreadableImage,
    UntrustedRegistry,
    WrongDigest,
)
from tests.integration.function_runner.images.looking import BEYOND_FAILED, looking
from tests.integration.function_runner.images.oddregistry import odd_registry

pytestmark = pytest.mark.process


async def as_it_should(_: web.Request) -> None:
    """Nothing odd."""


async def test_a_busy_registry_is_left_alone_for_as_long_as_it_says() -> None:
    """Asking on makes the limit worse; and another image of the same registry has to wait, too."""
    limited = True

    async def busy(_: web.Request) -> web.Response | None:
        return web.Response(status=429, headers={"Retry-After": "40"}) if limited else None

    async with odd_registry(busy) as registry, looking() as look:
        with pytest.raises(RegistryBusy, match=r"fn:v1.*after 40 s") as refused:
            await look.metadata(registry.image)
        limited = False
        look.pass_time(BEYOND_FAILED)
        with pytest.raises(RegistryBusy, match="after 34 s"):
            await look.metadata(f"{registry.host}/other:v1")
        asked = len(registry.asked)
        look.pass_time(40)
        found = await look.metadata(registry.image)

    assert refused.value.disposition is Disposition.RETRY
    assert asked == 1
    assert found.entrypoint == ("/fn",)


@pytest.mark.parametrize("part", ["/manifests/", "/blobs/"])
async def test_other_content_than_its_digest_says_is_not_taken(part: str) -> None:
    """It is asked for again: a proxy's broken copy goes."""

    async def other(request: web.Request) -> web.Response | None:
        if part not in request.path:
            return None
        headers = {"Docker-Content-Digest": digest_of(b"what it should be")}
        return web.Response(body=b'{"config": {}}', headers=headers)

    async with odd_registry(other) as registry, looking() as look:
        with pytest.raises(WrongDigest, match=r"fn:v1.*changed in the registry") as refused:
            await look.metadata(registry.image)

    assert refused.value.disposition is Disposition.RETRY


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, UnreadableImage),
        (403, RegistryDenied),
        (500, RegistryUnavailable),
        (503, RegistryUnavailable),
    ],
)
async def test_each_status_has_its_error_with_the_registrys_own_words(
    status: int, error: type[PorchError]
) -> None:
    """They say more than a number, and no more than fits into a line."""
    body = json.dumps({"errors": [{"code": "ODD", "message": "of all things " * 50}]})

    async def odd(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    async with odd_registry(odd) as registry, looking() as look:
        with pytest.raises(error, match=rf"fn:v1.*{status} ODD of all things") as refused:
            await look.metadata(registry.image)

    assert len(str(refused.value)) < 600


async def test_a_connection_that_breaks_is_a_registry_that_is_down() -> None:
    """No class of the HTTP library gets out."""

    async def broken(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with odd_registry(broken) as registry, looking() as look:
        with pytest.raises(RegistryUnavailable, match=registry.host):
            await look.metadata(registry.image)


async def test_an_index_in_an_index_is_no_image() -> None:
    """Nothing that is read may lead round in circles."""

    async def nested(request: web.Request) -> web.Response | None:
        platform = {"os": "linux", "architecture": "amd64"}
        inner = b'{"manifests": []}'
        if digest_of(inner) in request.path:
            return web.Response(body=inner, content_type=INDEX)
        entry = {"digest": digest_of(inner), "platform": platform}
        return web.json_response({"manifests": [entry]}, content_type=INDEX)

    async with odd_registry(nested) as registry, looking() as look:
        with pytest.raises(UnreadableImage, match="an index in an index"):
            await look.metadata(registry.image)


async def test_an_etag_spares_what_a_digest_header_would_tell() -> None:
    """Some registries, and caches before them, answer 304 and nothing else."""

    async def tagged(request: web.Request) -> web.Response | None:
        if "/manifests/" not in request.path:
            return None
        if request.headers.get("If-None-Match") == '"one"':
            return web.Response(status=304)
        body = registry.manifest
        return web.Response(
            body=body,
            headers={"ETag": '"one"', "Content-Type": "application/vnd.oci.image.manifest.v1+json"},
        )

    async with odd_registry(tagged) as registry, looking() as look:
        first = await look.metadata(registry.image)
        look.pass_time()
        again = await look.metadata(registry.image)

    assert first is again
    assert [it.partition(" ")[0] for it in registry.asked] == ["GET", "GET", "HEAD"]


async def test_an_identity_token_gets_tokens(tmp_path: Path) -> None:
    """What cloud providers' helpers write instead of a password."""
    posted: dict[str, object] = {}

    async def oauth(request: web.Request) -> web.Response | None:
        if request.path == "/oauth":
            posted.update(await request.post())
            return web.json_response({"access_token": "short-lived"})
        if request.headers.get("Authorization") == "Bearer short-lived":
            return None
        challenge = f'Bearer realm="http://{registry.host}/oauth",service="it"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    config = tmp_path / "config.json"
    async with odd_registry(oauth) as registry, looking(credentials=config) as look:
        config.write_text(json.dumps({"auths": {registry.host: {"identitytoken": "long-lived"}}}))
        found = await look.metadata(registry.image)

    assert found.entrypoint == ("/fn",)
    assert posted["refresh_token"] == "long-lived"  # noqa: S105 (what the test wrote)
    assert posted["scope"] == "repository:fn:pull"


@pytest.mark.parametrize("scheme", ["ftp", "file"])
async def test_a_password_is_not_sent_anywhere_but_over_http(tmp_path: Path, scheme: str) -> None:
    """A registry names its token service; it must not choose how we speak."""

    async def sends_away(_: web.Request) -> web.Response:
        challenge = f'Bearer realm="{scheme}://evil.example/token"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    config = tmp_path / "config.json"
    async with odd_registry(sends_away) as registry, looking(credentials=config) as look:
        entry = {"username": "robot", "password": "x"}
        config.write_text(json.dumps({"auths": {registry.host: entry}}))
        with pytest.raises(UntrustedRegistry, match="token service"):
            await look.metadata(registry.image)


async def test_a_pinned_image_is_asked_for_once() -> None:
    """It can never be another."""
    async with odd_registry(as_it_should) as registry, looking() as look:
        pinned = f"{registry.host}/fn@{digest_of(registry.manifest)}"
        await look.metadata(pinned)
        look.pass_time(10_000_000)
        await look.metadata(pinned)

    assert len(registry.asked) == 2, "the manifest and the configuration"
