"""Proving to a registry who we are: passwords, and tokens that are kept while they are good.

I/O       the network, for tokens. A password goes to the registry that its entry names and to that
          registry's token service, over TLS (or plain where the registry itself is).
Errors    RegistryDenied, UntrustedRegistry; those of the wire.
Source    the token authentication of the distribution specification, and its OAuth2 form.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from porch_function_runner.images.challenge import Basic, Bearer
from porch_function_runner.images.dockerconfig import Credential
from porch_function_runner.images.failures import (
    RegistryDenied,
    RegistryUnavailable,
    UntrustedRegistry,
)
from porch_function_runner.images.location import Location
from porch_function_runner.images.recent import Recent
from porch_function_runner.images.wire import Answer, Wire

ANONYMOUS: Final = Credential()

_TOKENS = 512  # kept at most
_LIFETIME_SECONDS = 60  # of a token that does not say
_MARGIN_SECONDS = 5  # before its end a token is no longer used
_CLIENT = "porch-function-runner"


@dataclass(frozen=True, slots=True)
class _Key:
    """What a token is for; other credentials have other tokens."""

    host: str
    path: str
    credential: Credential


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    until: float  # on our clock; infinity for a password


class _TokenAnswer(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""
    expires_in: int = _LIFETIME_SECONDS


class Authorizer:
    """The Authorization header of requests."""

    def __init__(self, wire: Wire, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._clock = clock
        self._known: Recent[_Key, _Token] = Recent(_TOKENS)

    def header(self, location: Location, credential: Credential) -> str:
        """What was good for the last request; "" when nothing is known yet."""
        if credential.registry_token:
            return f"Bearer {credential.registry_token}"
        known = self._known.get(_Key(location.host, location.path, credential))
        return known.header if known is not None and known.until > self._clock() else ""

    async def meet(
        self,
        wanted: Basic | Bearer | None,
        location: Location,
        credential: Credential,
        refusal: Answer,
    ) -> str:
        """The header that meets a registry's challenge."""
        key = _Key(location.host, location.path, credential)
        self._known.drop(key)
        match wanted:
            case Basic() if credential.user:
                found = _Token(_basic(credential), float("inf"))
            case Bearer():
                found = await self._token(wanted, location, credential)
            case _:
                raise denied(location, credential, refusal)
        self._known.put(key, found)
        return found.header

    async def _token(self, wanted: Bearer, location: Location, credential: Credential) -> _Token:
        self._check_realm(wanted.realm, location)
        scope = wanted.scope or f"repository:{location.path}:pull"
        if credential.identity_token:
            answer = await self._refreshed(wanted, scope, location, credential)
        else:
            query = urlencode({"service": wanted.service, "scope": scope})
            headers = {"Authorization": _basic(credential)} if credential.user else {}
            joint = "&" if urlsplit(wanted.realm).query else "?"
            answer = await self._wire.send(
                location, "GET", f"{wanted.realm}{joint}{query}", headers
            )
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise denied(location, credential, answer)
        token = _decoded(answer)
        if token is None:
            said = f"its token service said {answer.said}"
            raise RegistryUnavailable(location.image, host=location.server, said=said)
        until = self._clock() + max(0, token.expires_in - _MARGIN_SECONDS)
        return _Token(f"Bearer {token.token or token.access_token}", until)

    async def _refreshed(
        self, wanted: Bearer, scope: str, location: Location, credential: Credential
    ) -> Answer:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credential.identity_token,
            "service": wanted.service,
            "scope": scope,
            "client_id": _CLIENT,
        }
        return await self._wire.send(location, "POST", wanted.realm, {}, form=form)

    def _check_realm(self, realm: str, location: Location) -> None:
        """A registry must not make us send a password in the clear."""
        scheme = urlsplit(realm).scheme
        if scheme == "https" or (scheme == "http" and self._wire.is_plain(location.server)):
            return
        said = f"its token service has to be asked over TLS, it is {realm!r}"
        raise UntrustedRegistry(location.image, host=location.server, said=said)


def denied(location: Location, credential: Credential, answer: Answer) -> RegistryDenied:
    """The error of a registry that does not let us read."""
    user = credential.user or ("a token" if credential != ANONYMOUS else "")
    return RegistryDenied(location.image, user=user, said=answer.said)


def _decoded(answer: Answer) -> _TokenAnswer | None:
    if answer.status != HTTPStatus.OK:
        return None
    try:
        token = msgspec.json.decode(answer.body, type=_TokenAnswer)
    except msgspec.DecodeError:
        return None
    return token if token.token or token.access_token else None


def _basic(credential: Credential) -> str:
    pair = f"{credential.user}:{credential.password}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
