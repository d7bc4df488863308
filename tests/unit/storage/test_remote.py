"""Where we go, and what must never be seen of how we get in."""

from __future__ import annotations

import pytest

from porch.storage.adapter import RepositoryInvalid
from porch.storage.git.credentials import Credentials, Login
from porch.storage.git.remote import address


def test_user_and_password_are_taken_out_of_the_url() -> None:
    """URLs end in arguments, logs and locks; passwords must not."""
    found = address("https://joe:s%40cret@host:8443/x/y.git?token=1")

    assert found.url == "https://host:8443/x/y.git"
    assert found.given == Credentials.basic("joe", "s@cret")
    assert "cret" not in repr(found)


@pytest.mark.parametrize("url", ["ssh://git@host/x.git", "git@host:x/y.git", "git://host/x.git"])
def test_other_protocols_are_left_to_the_git_program(url: str) -> None:
    """They need what it knows."""
    assert not address(url).is_http


@pytest.mark.parametrize(
    "url",
    [
        "file:///cache/other.git",
        "/cache/other.git",
        "../x",
        "ext::sh -c date",
        "--upload-pack=x",
        "",
    ],
)
def test_local_paths_and_commands_are_no_addresses(url: str) -> None:
    """They would read the clones of other people, or run programs."""
    with pytest.raises(RepositoryInvalid, match="must be an address"):
        address(url)


async def test_credentials_are_asked_for_once_and_again_after_a_refusal() -> None:
    """A Secret is rotated while we run; a refusal with the same one is final."""
    secrets = iter(["old", "new", "new"])

    async def source(_: Credentials | None) -> Credentials:
        return Credentials.bearer(next(secrets))

    login = Login(source, Credentials())

    assert await login.credentials() == await login.credentials() == Credentials.bearer("old")
    assert await login.renewed()
    assert await login.credentials() == Credentials.bearer("new")
    assert not await login.renewed()


def test_credentials_do_not_show_themselves() -> None:
    """Dataclasses are printed in tracebacks."""
    assert "sesame" not in repr(Credentials.bearer("sesame"))
