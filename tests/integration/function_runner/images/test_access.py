"""Private registries: passwords, tokens, a private authority, and all of them rotated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from porch.errors import Disposition
from porch_devcluster.images import Access, push
from porch_devcluster.pki import Authority
from porch_devcluster.registry import Guard, registry
from porch_function_runner.images.authorities import BadAuthority
from porch_function_runner.images.failures import (
    BadCredentials,
    RegistryDenied,
    RegistryUnavailable,
    UntrustedRegistry,
)
from tests.integration.function_runner.images.looking import (
    BEYOND_FAILED,
    content,
    looking,
    write_config,
)
from tests.integration.function_runner.images.tunnel import tunnels

pytestmark = pytest.mark.process

LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Private:
    """A registry over TLS that wants a password or a token, and one image in it."""

    host: str
    users: Path
    config: Path  # a docker config that is right
    authority: Path  # the folder of its authority

    @property
    def image(self) -> str:
        return f"{self.host}/team/fn:v1"

    @property
    def access(self) -> Access:
        name, _, password = self.users.read_text().strip().partition(":")
        return Access(user=(name, password), ca=self.authority / "ca.crt")


@pytest.fixture(params=[False, True], ids=["password", "token"])
def private(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Private]:
    """Both ways in which registries ask who one is."""
    users, authority = tmp_path / "users", Authority()
    users.write_text("robot:old\n")
    folder = tmp_path / "authority"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(authority.pair.certificate)
    guard = Guard(users=users, tokens=request.param, token_lifetime=LIFETIME)
    server = authority.server("registry", addresses=["127.0.0.1"])
    with registry(tmp_path, guard=guard, tls=server) as host:
        found = Private(host, users, tmp_path / "config.json", folder)
        write_config(found.config, host, "robot", "old")
        push(content("/fn"), found.image, access=found.access)
        yield found


async def test_a_private_image_is_read_with_credentials(private: Private) -> None:
    """Over TLS, with an authority that only we know."""
    async with looking(credentials=private.config, authority=private.authority) as look:
        found = await look.metadata(private.image)

    assert found.entrypoint == ("/fn",)


async def test_without_credentials_the_image_and_the_way_out_are_named(private: Private) -> None:
    """Only an edit helps: the configuration's, or the image's."""
    async with looking(authority=private.authority) as look:
        with pytest.raises(RegistryDenied, match=r"team/fn:v1.*without credentials") as refused:
            await look.metadata(private.image)

    assert refused.value.disposition is Disposition.STALL


async def test_rotated_credentials_need_no_restart(private: Private) -> None:
    """On both sides: the registry forgets the old password, the mounted file gets the new one."""
    async with looking(credentials=private.config, authority=private.authority) as look:
        await look.metadata(private.image)
        private.users.write_text("robot:new\n")
        push(content("/moved"), private.image, access=private.access)
        look.pass_time(LIFETIME.total_seconds() + 1)
        with pytest.raises(RegistryDenied, match="credentials of 'robot'"):
            await look.metadata(private.image)
        write_config(private.config, private.host, "robot", "new")
        look.pass_time(BEYOND_FAILED)
        found = await look.metadata(private.image)

    assert found.entrypoint == ("/moved",)


async def test_an_unknown_authority_is_not_trusted(private: Private) -> None:
    """Nor is plain HTTP tried in its place, although the host is this machine."""
    async with looking(credentials=private.config) as look:
        with pytest.raises(UntrustedRegistry, match=r"--tls-secret-path") as refused:
            await look.metadata(private.image)

    assert refused.value.disposition is Disposition.STALL


async def test_a_rotated_authority_needs_no_restart(private: Private) -> None:
    """The mounted folder is read again when it changes."""
    right = (private.authority / "ca.crt").read_bytes()
    (private.authority / "ca.crt").write_bytes(Authority().pair.certificate)
    async with looking(credentials=private.config, authority=private.authority) as look:
        with pytest.raises(UntrustedRegistry):
            await look.metadata(private.image)
        (private.authority / "ca.crt").write_bytes(right)
        look.pass_time(BEYOND_FAILED)
        found = await look.metadata(private.image)

    assert found.entrypoint == ("/fn",)


async def test_a_mount_that_is_missing_is_named(private: Private, tmp_path: Path) -> None:
    """Whoever turned private registries on sees which file is not there."""
    nowhere = tmp_path / "nowhere"
    async with looking(credentials=nowhere, authority=private.authority) as look:
        with pytest.raises(BadCredentials, match=f"{nowhere}"):
            await look.metadata(private.image)
    async with looking(credentials=private.config, authority=nowhere) as look:
        with pytest.raises(BadAuthority, match=r"ca\.crt or ca\.pem"):
            await look.metadata(private.image)


async def test_a_registry_is_reached_by_way_of_the_proxy(private: Private) -> None:
    """Its token service as well; what is said to either stays between us and them."""
    async with (
        tunnels() as proxy,
        looking(credentials=private.config, authority=private.authority, proxy=proxy.url) as look,
    ):
        found = await look.metadata(private.image)

    assert found.entrypoint == ("/fn",)
    assert set(proxy.asked) == {private.host}


async def test_a_proxy_that_refuses_is_named_without_its_password(private: Private) -> None:
    """The registry is not to blame, and the text is read by many."""
    async with (
        tunnels(refusal="407 Proxy Authentication Required") as proxy,
        looking(authority=private.authority, proxy=proxy.url) as look,
    ):
        with pytest.raises(RegistryUnavailable) as refused:
            await look.metadata(private.image)

    assert "by way of the proxy 127.0.0.1, see `HTTPS_PROXY` and `NO_PROXY`" in str(refused.value)
    assert "407 Proxy Authentication Required" in str(refused.value)
    assert "secret" not in str(refused.value)
