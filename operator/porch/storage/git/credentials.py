"""How we prove who we are to a git server, and how we know that it is the right one.

Pure, but for the source of credentials, which is the caller's and may ask the API server.
Renewal   credentials are asked for when first needed, after `reread`, shortly before they end, and
          after each refusal. A source that cannot answer just now leaves those that still hold.
Secrets   values are kept out of every text; `Secrets` of a registration are nobody else's.
Errors    what the source raises.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from porch.errors import Transient

REREAD = timedelta(minutes=5)  # a Secret that changed is noticed within this, refused or not
EARLY = timedelta(minutes=5)  # before the end of a token, so that no request begins with a dead one


@dataclass(frozen=True, slots=True)
class SshKey:
    """A private key, and the keys of the servers that it is shown to."""

    private_key: str = field(repr=False)
    known_hosts: str  # lines as ssh-keyscan prints them


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to prove who we are, and whom to trust; what is secret is kept out of every text."""

    authorization: str = field(default="", repr=False)  # of the `Authorization` header
    ssh: SshKey | None = None
    ca: str = ""  # certificates in PEM that are trusted besides the system's
    until: datetime | None = None  # they are of no use afterwards; None: nobody knows

    @classmethod
    def basic(cls, user: str, password: str) -> "Credentials":
        """User and password."""
        return cls("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    @classmethod
    def bearer(cls, token: str) -> "Credentials":
        """A token."""
        return cls(f"Bearer {token}")


NO_CREDENTIALS = Credentials()

# The argument: credentials that a server has just refused, so that no cache gives them again.
CredentialSource = Callable[[Credentials | None], Awaitable[Credentials]]


async def anonymous(_: Credentials | None) -> Credentials:
    """The source of who needs none."""
    return NO_CREDENTIALS


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


class Login:
    """The credentials of one registration, as fresh as they must be."""

    def __init__(
        self,
        source: CredentialSource,
        given: Credentials,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._source = source
        self._given = given
        self._now = now
        self._known: Credentials | None = None
        self._asked_at = datetime.min.replace(tzinfo=UTC)

    async def credentials(self) -> Credentials:
        """What to show the server; the Secret's come before those of the URL."""
        known, now = self._known, self._now()
        if known is None or _has_ended(known, now):
            return await self._ask(None)
        if now - self._asked_at < REREAD and not _has_ended(known, now + EARLY):
            return known
        try:
            return await self._ask(None)
        except Transient:
            self._asked_at = now
            return known

    async def renewed(self) -> bool:
        """Ask again after a refusal; whether there is something new to try."""
        refused, self._known = self._known, None
        return await self._ask(refused) != refused

    async def _ask(self, refused: Credentials | None) -> Credentials:
        found = await self._source(refused)
        if not (found.authorization or found.ssh):
            found = Credentials(self._given.authorization, ca=found.ca)
        self._known, self._asked_at = found, self._now()
        return found


def _has_ended(credentials: Credentials, now: datetime) -> bool:
    return credentials.until is not None and credentials.until <= now
