"""A receiver for the push events of git servers: a listing now instead of at the next poll.

Only a trigger: what happened is read from git, so an event that is lost, forged or repeated costs
a listing at most. Off unless it has a port. A server that calls itself otherwise than the address
that was registered (inside and outside of a cluster) is known by the path.
I/O       POST / of its own port; the secret's file is read for each request, so it may be rotated.
Answers   202 when a listing is on its way; 4xx with a sentence for the hook's log.
Bounds    MAX_BODY_BYTES; events of one repository that come together make one listing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from porch.api.repository import Repository
from porch.controllers.pushpayloads import (
    NotSigned,
    NotUnderstood,
    Place,
    check,
    place_of,
    places_of,
)
from porch.engine.seen import Key

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20  # GitHub sends 25 MB at most, of which nothing but the head is of use


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEvents:
    """Reads events, and wakes the Repositories that they are about."""

    repositories: Iterable[Repository]
    look_at: Callable[[Key], None]
    secret_file: Path
    is_working: Callable[[], bool]  # a replica that stands by lists nothing

    async def receive(self, request: web.Request) -> web.Response:
        """One event."""
        if not self.is_working():
            words = "this replica stands by; what was pushed is noticed by polling"
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, words)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            words = f"the body must have at most {MAX_BODY_BYTES} bytes; send push events only"
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)
        secret = await asyncio.to_thread(_secret, self.secret_file)
        if not secret:
            words = "the receiver has no secret; write one into its Secret"
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, words)
        try:
            check(request.headers, body, secret)
            places = places_of(body)
        except NotSigned as err:
            return _answer(HTTPStatus.UNAUTHORIZED, str(err))
        except NotUnderstood as err:
            return _answer(HTTPStatus.BAD_REQUEST, str(err))
        found = self._at(places)
        if not found:
            named = ", ".join(sorted(f"{each.host}/{each.path}" for each in places))
            return _answer(HTTPStatus.NOT_FOUND, f"no Repository is registered at {named}")
        for key in found:
            self.look_at(key)
        logger.info("push event", extra={"repositories": [str(each) for each in found]})
        return _answer(HTTPStatus.ACCEPTED, f"listing now: {', '.join(map(str, found))}")

    def _at(self, places: frozenset[Place]) -> list[Key]:
        """The Repositories there; by the path alone when none has the host."""
        registered = [
            (Key(each.metadata.namespace, each.metadata.name), place_of(each.spec.git.repo))
            for each in self.repositories
            if each.spec.git is not None
        ]
        paths = {each.path for each in places}
        exact = [key for key, place in registered if place in places]
        return exact or [key for key, place in registered if place and place.path in paths]


@asynccontextmanager
async def serve(
    port: int,
    receive: Callable[[web.Request], Awaitable[web.Response]],
    *,
    host: str = "0.0.0.0",  # noqa: S104 (git servers come from outside the pod)
) -> AsyncGenerator[int, None]:
    """Receive until the end of the block; the value is the port, of choice when 0 was asked."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_post("/", receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""


def _answer(status: HTTPStatus, words: str) -> web.Response:
    return web.Response(status=status, text=f"{words}\n")
