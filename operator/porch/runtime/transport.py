"""HTTP to one API server: one session, kept-alive connections, nothing of aiohttp beyond here.

I/O       the network. Connections are opened on demand and bounded by the settings.
Values    paths start with "/" and are already quoted.
Errors    ApiError only: `unreachable` maps every exception class of aiohttp.
Cost      importing this module imports aiohttp, 0.3-0.4 s on two cores.
"""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import yarl
from aiohttp import http_exceptions

from porch.runtime.apierrors import ApiError, Malformed, TooLarge, Unavailable, Untrusted, refusal
from porch.runtime.calls import Call
from porch.runtime.connection import BadConnection, Connection

_READ_BYTES = 1 << 16
_ONE_PIECE_BYTES = 1 << 18
_ERROR_BYTES = 1 << 16  # of a refusal; the rest of it is not read

# The first class that fits wins. What is not listed is "no usable answer".
_STALLING: tuple[tuple[type[Exception], type[ApiError]], ...] = (
    (aiohttp.ClientConnectorCertificateError, Untrusted),
    (aiohttp.ServerFingerprintMismatch, Untrusted),
    (aiohttp.RedirectClientError, Malformed),
    (aiohttp.TooManyRedirects, Malformed),
    (aiohttp.ContentTypeError, Malformed),
)
_LEAKS = (aiohttp.ClientError, http_exceptions.HttpProcessingError, TimeoutError, OSError)


def unreachable(what: str, err: BaseException) -> ApiError | BadConnection:
    """Our error for one of aiohttp's."""
    if isinstance(err, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return BadConnection(f"{what}: the server's URL must be http(s)")
    # NB: the texts of the other classes quote the whole URL.
    cause = f": {err}" if isinstance(err, OSError | aiohttp.ClientConnectionError) else ""
    text = f"{what}: no usable answer ({type(err).__name__}{cause})"
    for leak, ours in _STALLING:
        if isinstance(err, leak):
            return ours(text)
    return Unavailable(text)


class HttpTransport:
    """One session with one API server, in one event loop."""

    def __init__(
        self,
        connection: Connection,
        *,
        max_connections: int,
        connect_seconds: float,
        max_answer_bytes: int,
    ) -> None:
        self._connection = connection
        self._max_answer_bytes = max_answer_bytes
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=max_connections, ssl=connection.tls or True, keepalive_timeout=60
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
            # NB: the server would spend more time on gzip than a cluster network on the bytes.
            headers={"User-Agent": "porch", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(self, call: Call) -> bytes:
        """The whole body of a good answer."""
        async with self._answer(call) as answer:
            return await _read(answer, limit=self._max_answer_bytes, what=call)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of a good answer, in pieces as they arrive."""
        async with self._answer(call) as answer:
            try:
                yield answer.content.iter_any()
            finally:
                _break_off(answer)

    @asynccontextmanager
    async def _answer(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        # NB: the body of `with` runs inside; its own exceptions of these classes are I/O on
        # this very answer, which is what we want to translate.
        headers = await self._headers(call)
        try:
            async with self._session.request(
                call.method,
                self._url(call),
                data=_payload(call.body),
                headers=headers,
                allow_redirects=False,
                server_hostname=self._connection.server_name or None,
                proxy=self._connection.proxy or None,
            ) as answer:
                if answer.status >= 300:
                    raise await self._refusal(call, answer)
                yield answer
        except _LEAKS as err:
            raise unreachable(str(call), err) from err
        except RuntimeError as err:
            if self._session.closed:
                raise Unavailable(f"{call}: the client is closed") from err
            raise

    async def _headers(self, call: Call) -> Mapping[str, str]:
        headers = {"Accept": call.accept}
        if call.content_type:
            headers["Content-Type"] = call.content_type
        if identity := await self._connection.credentials.header():
            headers["Authorization"] = identity
        return headers

    def _url(self, call: Call) -> yarl.URL:
        query = f"?{call.query}" if call.query else ""
        try:
            return yarl.URL(f"{self._connection.server}{call.path}{query}", encoded=True)
        except ValueError as err:
            raise BadConnection(f"{call}: the server's URL must be valid") from err

    async def _refusal(self, call: Call, answer: aiohttp.ClientResponse) -> ApiError:
        if answer.status == 401:
            self._connection.credentials.refused()
        body = await answer.content.read(_ERROR_BYTES)
        return refusal(str(call), code=answer.status, body=body, headers=answer.headers)


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    """aiohttp sends plain bytes in one piece, and warns when they are many."""
    return io.BytesIO(body) if body is not None and len(body) > _ONE_PIECE_BYTES else body


def _break_off(answer: aiohttp.ClientResponse) -> None:
    """End a stream now: closing TLS politely would keep the socket until the server answers."""
    connection = answer.connection  # None when the stream is at its end
    if connection is not None and connection.transport is not None:
        connection.transport.abort()


async def _read(answer: aiohttp.ClientResponse, *, limit: int, what: Call) -> bytes:
    if answer.content_length is not None and answer.content_length <= limit:
        return await answer.read()
    body = bytearray()
    async for piece in answer.content.iter_chunked(_READ_BYTES):
        body += piece
        if len(body) > limit:
            raise TooLarge(f"{what}: the answer must not exceed {limit} bytes")
    return bytes(body)
