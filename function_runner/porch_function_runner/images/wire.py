"""Requests to registries: one at a time, bounded in time and size, errors in our words.

I/O       the network, through one session, by way of the proxy that there is for a server; HTTPS,
          and plain HTTP only where `may_be_plain` and the server does not speak TLS.
Errors    RegistryUnavailable, UntrustedRegistry. Statuses are the caller's to judge.
"""

import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
import msgspec

from porch.runtime.proxies import words_of
from porch_function_runner.images.failures import (
    RegistryUnavailable,
    UnreadableImage,
    UntrustedRegistry,
)
from porch_function_runner.images.location import Location, may_be_plain
from porch_function_runner.images.recent import Recent

Trust = Callable[[], ssl.SSLContext]  # the authorities, as they are now
ProxyOf = Callable[[str], str | None]  # the proxy on the way to a URL; None to go straight

_SAID_CHARS = 200
_HOSTS = 256  # whose way of speaking is remembered
_AGENT = "porch-function-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireSettings:
    """Bounds of one request."""

    within: timedelta = timedelta(seconds=15)
    connect_within: timedelta = timedelta(seconds=5)
    connections: int = 16
    most_bytes: int = 4 << 20  # of a manifest, a configuration, a token


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry said."""

    status: int
    headers: Mapping[str, str]  # names in lower case; of several values, all, with commas
    body: bytes

    @property
    def said(self) -> str:
        """The registry's words about an error, short."""
        try:
            errors = msgspec.json.decode(self.body, type=_Errors).errors
        except msgspec.DecodeError:
            errors = []
        words = "; ".join(filter(None, (f"{it.code} {it.message}".strip() for it in errors)))
        return f"{self.status} {words or HTTPStatus(self.status).phrase}"[:_SAID_CHARS]


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct, frozen=True):
    errors: list[_Error] = []


class _NotTls(Exception):
    """The server does not speak TLS."""


class Wire:
    """Requests to any registry. Build it with `open_wire`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: WireSettings,
        *,
        trust: Trust,
        proxy_of: ProxyOf,
    ) -> None:
        self._session = session
        self._settings = settings
        self._trust = trust
        self._proxy_of = proxy_of
        self._plain: Recent[str, bool] = Recent(_HOSTS)

    async def ask(
        self, location: Location, method: str, path: str, headers: Mapping[str, str]
    ) -> Answer:
        """One request to the image's registry."""
        host = location.server
        if not self._plain.get(host):
            try:
                return await self.send(location, method, f"https://{host}{path}", headers)
            except _NotTls as err:
                if not may_be_plain(host):
                    raise RegistryUnavailable(
                        location.image, host=host, said="it does not speak TLS"
                    ) from err
        answer = await self.send(location, method, f"http://{host}{path}", headers)
        self._plain.put(host, True)
        return answer

    def is_plain(self, host: str) -> bool:
        """Whether a registry was found to speak HTTP without TLS."""
        return bool(self._plain.get(host))

    async def send(
        self,
        location: Location,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to a URL, on behalf of an image."""
        proxy = self._proxy_of(url)
        try:
            async with self._session.request(
                method, url, headers=headers, data=form, ssl=self._trust(), proxy=proxy
            ) as response:
                body = await self._body(location, response)
        except aiohttp.ClientConnectorCertificateError as err:
            raise UntrustedRegistry(
                location.image, host=str(err.host), said=str(err.certificate_error)
            ) from err
        except aiohttp.ClientConnectorSSLError as err:
            raise _NotTls from err
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            said = _by_way_of(proxy) + (words_of(err) or type(err).__name__)
            raise RegistryUnavailable(location.image, host=location.server, said=said) from err
        names = {name.lower() for name in response.headers}
        values = {name: ", ".join(response.headers.getall(name)) for name in names}
        return Answer(response.status, values, body)

    async def _body(self, location: Location, response: aiohttp.ClientResponse) -> bytes:
        most = self._settings.most_bytes
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > most:
                raise UnreadableImage(location.image, f"content of more than {most} bytes")
            parts.append(part)
        return b"".join(parts)


def _by_way_of(proxy: str | None) -> str:
    """What an error says of the way that was taken; nothing of who we are to the proxy."""
    if proxy is None:
        return ""
    return f"by way of the proxy {urlsplit(proxy).hostname}, see `HTTPS_PROXY` and `NO_PROXY`: "


@asynccontextmanager
async def open_wire(
    settings: WireSettings, *, trust: Trust, proxy_of: ProxyOf
) -> AsyncGenerator[Wire, None]:
    """A wire, closed with the block."""
    timeout = aiohttp.ClientTimeout(
        total=settings.within.total_seconds(),
        sock_connect=settings.connect_within.total_seconds(),
    )
    connector = aiohttp.TCPConnector(limit=settings.connections)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        headers={"User-Agent": _AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield Wire(session, settings, trust=trust, proxy_of=proxy_of)
