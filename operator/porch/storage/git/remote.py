"""A repository elsewhere: its address, and how we prove who we are.

Pure, but for the source of credentials, which is the caller's and may ask the API server.
Secrets   a user and password inside a URL are taken out of it; `url` and `shown` are free of them.
Errors    RepositoryInvalid for an address that we do not go to; what the source raises.
"""

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from porch.storage.adapter import RepositoryInvalid

_SSH_SHORT = re.compile(r"^[\w.-]+@[\w.-]+:(?!/)[^:]+$")  # git@host:path


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to prove who we are to a server; the header's value is kept out of every text."""

    authorization: str = field(default="", repr=False)  # of the `Authorization` header

    @classmethod
    def basic(cls, user: str, password: str) -> "Credentials":
        """User and password."""
        return cls("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    @classmethod
    def bearer(cls, token: str) -> "Credentials":
        """A token."""
        return cls(f"Bearer {token}")


NO_CREDENTIALS = Credentials()

CredentialSource = Callable[[], Awaitable[Credentials]]


async def anonymous() -> Credentials:
    """The source of who needs none."""
    return NO_CREDENTIALS


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is."""

    url: str  # as git takes it, without user and password
    is_http: bool
    given: Credentials = NO_CREDENTIALS  # those that were in the URL

    @property
    def shown(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]


def address(url: str) -> Address:
    """Read a URL; only remote repositories are gone to.

    NB: a path or `file://` would let whoever registers it read the clones of everybody else, and
    `ext::` would run commands.
    """
    if _SSH_SHORT.match(url):
        return Address(url, is_http=False)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        shown = _without_secrets(parts) if parts.netloc else url
        raise RepositoryInvalid(
            f"`spec.git.repo` must be an address such as https://host/path.git, found {shown!r}"
        )
    if parts.scheme not in ("http", "https"):
        return Address(url, is_http=False)
    given = NO_CREDENTIALS
    if parts.username is not None:
        given = Credentials.basic(unquote(parts.username), unquote(parts.password or ""))
    return Address(_without_secrets(parts), is_http=True, given=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one registration reaches its repository."""

    credentials: CredentialSource = anonymous
    ca_bundle: Path | None = None  # None: the system's
    timeout: timedelta = timedelta(seconds=60)  # of a listing or a push
    fetch_timeout: timedelta = timedelta(minutes=15)  # a first fetch brings all history


class Login:
    """The credentials of one registration; asked for when first needed and after a refusal."""

    def __init__(self, source: CredentialSource, given: Credentials) -> None:
        self._source = source
        self._given = given
        self._known: Credentials | None = None

    async def credentials(self) -> Credentials:
        """What to show the server; the Secret's come before those of the URL."""
        if self._known is None:
            found = await self._source()
            self._known = found if found != NO_CREDENTIALS else self._given
        return self._known

    async def renewed(self) -> bool:
        """Ask again after a refusal; whether there is something new to try."""
        before, self._known = self._known, None
        return await self.credentials() != before


def _without_secrets(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
