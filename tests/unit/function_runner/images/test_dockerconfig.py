"""Docker's configuration is read as docker writes it, and no part of it gets out."""

from __future__ import annotations

import base64
import json

import pytest

from porch_function_runner.images.dockerconfig import Credential, parse
from porch_function_runner.images.failures import BadCredentials
from porch_function_runner.images.location import DOCKER_HUB

ROBOT = {"user": "robot", "password": "se:cret"}
AUTH = base64.b64encode(b"robot:se:cret").decode()


def config(**auths: object) -> bytes:
    """A docker config."""
    return json.dumps({"auths": auths, "credsStore": "ignored"}).encode()


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("ghcr.io", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        ("https://registry.example/v2/", "registry.example"),
        ("https://index.docker.io/v1/", DOCKER_HUB),
        ("docker.io", DOCKER_HUB),
    ],
)
def test_a_key_is_a_host_or_a_url(key: str, host: str) -> None:
    """Docker itself writes a URL for its own registry."""
    found = parse(config(**{key: {"auth": AUTH}}), source="it")

    assert found == {host: Credential(**ROBOT)}


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ({"username": "a", "password": "b"}, {"user": "a", "password": "b"}),
        ({"auth": AUTH, "identitytoken": "t"}, {**ROBOT, "identity_token": "t"}),
        ({"registrytoken": "t"}, {"registry_token": "t"}),
        ({}, {}),
    ],
)
def test_an_entry_has_a_password_or_a_token(entry: dict[str, str], fields: dict[str, str]) -> None:
    """All forms that docker and cloud providers write."""
    found = parse(config(**{"ghcr.io": entry}), source="it")

    assert found == {"ghcr.io": Credential(**fields)}


@pytest.mark.parametrize(
    "content",
    [b"secret", b'["secret"]', b'{"auths": {"a": {"auth": 7, "password": "secret"}}}',
     config(a={"auth": "secret!"})],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_without_its_content(content: bytes) -> None:
    """Error texts end in logs and in conditions."""
    with pytest.raises(BadCredentials, match="file x") as refused:
        parse(content, source="file x")

    assert "secret" not in str(refused.value)
    assert "se:cret" not in repr(Credential(**ROBOT))
