"""Credentials of registries as docker keeps them: `{"auths": {HOST: {…}}}`.

Pure. A key is a host, or a URL of which the host counts; Docker Hub has several names. An entry has
`auth` (base64 of NAME:PASSWORD), or `username` and `password`, or a token.
Errors  BadCredentials; a decoder's complaint names types and paths, never a value.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from porch_function_runner.images.failures import BadCredentials
from porch_function_runner.images.location import DOCKER_HUB

_HUB_KEYS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Who we are to a registry."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)  # gets tokens in the place of a password
    registry_token: str = field(default="", repr=False)  # is the token


class _Entry(msgspec.Struct, frozen=True):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _Config(msgspec.Struct, frozen=True):
    auths: dict[str, _Entry] = {}


Credentials = Mapping[str, Credential]  # by host


def parse(content: bytes, *, source: str) -> Credentials:
    """The credentials of a docker config; `source` says in errors where it came from."""
    try:
        config = msgspec.json.decode(content, type=_Config)
    except msgspec.DecodeError as err:
        raise BadCredentials(
            f"{source} must be a docker config, a JSON object with `auths`: {err}"
        ) from err
    found: dict[str, Credential] = {}
    for key, entry in config.auths.items():
        found.setdefault(_host(key), _credential(entry, source=source, key=key))
    return found


def _host(key: str) -> str:
    host = key.rpartition("://")[2].partition("/")[0]
    return DOCKER_HUB if host in _HUB_KEYS else host


def _credential(entry: _Entry, *, source: str, key: str) -> Credential:
    user, password = entry.username, entry.password
    if entry.auth:
        try:
            user, _, password = base64.b64decode(entry.auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as err:
            raise BadCredentials(
                f"{source}: `auth` of {key!r} must be the base64 of NAME:PASSWORD, it is not"
            ) from err
    return Credential(
        user=user,
        password=password,
        identity_token=entry.identitytoken,
        registry_token=entry.registrytoken,
    )
