"""What registries know of images: manifests, configurations, and whether a tag has moved.

I/O       the network; reads only.
Errors    the whole tree of `failures`. A registry that limits its callers is left alone until the
          time that it named.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from porch_function_runner.images.auth import ANONYMOUS, Authorizer, denied
from porch_function_runner.images.challenge import challenge
from porch_function_runner.images.contents import ACCEPTED, check_digest, digest_of
from porch_function_runner.images.dockerconfig import Credentials
from porch_function_runner.images.failures import (
    ImageNotFound,
    RegistryBusy,
    RegistryUnavailable,
    UnreadableImage,
)
from porch_function_runner.images.location import Location
from porch_function_runner.images.recent import Recent
from porch_function_runner.images.wire import Answer, Wire

ReadCredentials = Callable[[], Awaitable[Credentials]]  # as they are now

_HOSTS = 256  # that may be left alone at the same time
_BUSY_FOR = timedelta(seconds=30)  # where a registry does not say how long
_BUSY_MOST = timedelta(minutes=10)  # whatever it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A manifest or an index."""

    body: bytes
    media_type: str
    digest: str
    etag: str = ""  # with which the registry is asked whether it still holds


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    path: str
    headers: dict[str, str]


class RegistryClient:
    """Reads from any registry."""

    def __init__(
        self,
        wire: Wire,
        credentials: ReadCredentials,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._credentials = credentials
        self._clock = clock
        self._authorizer = Authorizer(wire, clock=clock)
        self._busy: Recent[str, float] = Recent(_HOSTS)

    async def manifest(self, location: Location, reference: str) -> Content:
        """What a tag or a digest leads to."""
        path = f"/v2/{location.path}/manifests/{reference}"
        answer = await self._read(location, _Question("GET", path, {"Accept": ACCEPTED}))
        named = reference if ":" in reference else answer.headers.get("docker-content-digest", "")
        if named:
            check_digest(answer.body, named, image=location.image)
        return Content(
            body=answer.body,
            media_type=answer.headers.get("content-type", ""),
            digest=named or digest_of(answer.body),
            etag=answer.headers.get("etag", ""),
        )

    async def blob(self, location: Location, digest: str) -> bytes:
        """Content by its digest."""
        path = f"/v2/{location.path}/blobs/{digest}"
        answer = await self._read(location, _Question("GET", path, {}))
        check_digest(answer.body, digest, image=location.image)
        return answer.body

    async def still_is(self, location: Location, known: Content) -> bool:
        """Whether the image's tag leads to what is known; False when the registry cannot tell."""
        headers = {"Accept": ACCEPTED} | ({"If-None-Match": known.etag} if known.etag else {})
        path = f"/v2/{location.path}/manifests/{location.reference}"
        answer = await self._read(location, _Question("HEAD", path, headers))
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return True
        return answer.headers.get("docker-content-digest", "") == known.digest

    async def _read(self, location: Location, question: _Question) -> Answer:
        self._check_busy(location)
        credential = (await self._credentials()).get(location.host, ANONYMOUS)
        header = self._authorizer.header(location, credential)
        answer = await self._asked(location, question, header)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            wanted = challenge([answer.headers.get("www-authenticate", "")])
            header = await self._authorizer.meet(wanted, location, credential, answer)
            answer = await self._asked(location, question, header)
        match answer.status:
            case HTTPStatus.OK | HTTPStatus.NOT_MODIFIED:
                return answer
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                raise denied(location, credential, answer)
            case HTTPStatus.NOT_FOUND:
                raise ImageNotFound(location.image)
            case HTTPStatus.TOO_MANY_REQUESTS:
                raise self._left_alone(location, answer)
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RegistryUnavailable(location.image, host=location.server, said=answer.said)
        raise UnreadableImage(location.image, f"the answer {answer.said}")

    async def _asked(self, location: Location, question: _Question, header: str) -> Answer:
        authorized = question.headers | ({"Authorization": header} if header else {})
        return await self._wire.ask(location, question.method, question.path, authorized)

    def _check_busy(self, location: Location) -> None:
        until = self._busy.get(location.server)
        if until is not None and (left := until - self._clock()) > 0:
            wait = timedelta(seconds=left)
            raise RegistryBusy(location.image, host=location.server, wait=wait)

    def _left_alone(self, location: Location, answer: Answer) -> RegistryBusy:
        wait = retry_after(answer.headers.get("retry-after", ""), now=datetime.now(UTC))
        self._busy.put(location.server, self._clock() + wait.total_seconds())
        return RegistryBusy(location.image, host=location.server, wait=wait)


def retry_after(text: str, *, now: datetime) -> timedelta:
    """How long to wait: seconds or a date, within our bounds."""
    wait = _BUSY_FOR
    if text.strip().isdecimal():
        wait = timedelta(seconds=min(int(text), int(_BUSY_MOST.total_seconds())))
    elif text:
        try:
            wait = parsedate_to_datetime(text) - now
        except (TypeError, ValueError):  # no date, or one without a time zone
            wait = _BUSY_FOR
    return min(max(wait, timedelta(seconds=1)), _BUSY_MOST)
