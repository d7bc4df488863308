"""A repository elsewhere: its address, and how long we wait for it.

Pure.
Secrets   a user and password inside a URL are taken out of it; `url` and `shown` are free of them.
Errors    RepositoryInvalid for an address that we do not go to.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from porch.storage.adapter import RepositoryInvalid
from porch.storage.git.credentials import (
    NO_CREDENTIALS,
    Credentials,
    CredentialSource,
    anonymous,
    utc_now,
)
from porch.storage.urls import without_user

_SSH_SHORT = re.compile(r"^[\w.-]+@[\w.-]+:(?!/)[^:]+$")  # git@host:path


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
        shown = without_user(url)
        raise RepositoryInvalid(
            f"`spec.git.repo` must be an address such as https://host/path.git, found {shown!r}"
        )
    if parts.scheme not in ("http", "https"):
        return Address(url, is_http=False)
    given = NO_CREDENTIALS
    if parts.username is not None:
        given = Credentials.basic(unquote(parts.username), unquote(parts.password or ""))
    return Address(without_user(url), is_http=True, given=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one registration reaches its repository."""

    credentials: CredentialSource = anonymous
    now: Callable[[], datetime] = utc_now  # by which credentials age
    timeout: timedelta = timedelta(seconds=60)  # of a listing or a push
    fetch_timeout: timedelta = timedelta(minutes=15)  # a first fetch brings all history
    max_file_bytes: int | None = None  # of what a fetch writes; None: no limit
