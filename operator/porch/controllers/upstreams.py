"""The engine's port `Upstreams`: packages of git repositories that are not registered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from porch.engine.sources import GitPlace
from porch.storage.git.credentials import CredentialSource
from porch.storage.git.foreign import ForeignPackages, Place, address_of
from porch.storage.git.remote import Access
from porch.storage.upstream import Fetched


class Secrets(Protocol):
    """Reads credentials out of the Secrets of a namespace."""

    def credentials(self, namespace: str, secret: str, *, is_http: bool) -> CredentialSource:
        """What a Secret says; "" names none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """How much an upstream that is not registered may cost. Environment prefix: PORCH_UPSTREAM_."""

    timeout: timedelta = timedelta(seconds=30)  # of a look at its refs
    fetch_timeout: timedelta = timedelta(minutes=2)  # of one fetch, which brings one commit
    max_bytes: int = 128 * 1024 * 1024  # of one fetch; a clone is made anew beyond twice of it
    clones: int = 16  # kept on disk


@dataclass(frozen=True, slots=True, kw_only=True)
class GitUpstreams:
    """Fetches with the credentials of the draft's own namespace."""

    packages: ForeignPackages
    secrets: Secrets
    settings: UpstreamSettings
    now: Callable[[], datetime]

    async def fetch(self, place: GitPlace, *, namespace: str) -> Fetched:
        """The package at a place, and exactly where that is."""
        address = address_of(place.repo)
        source = self.secrets.credentials(namespace, place.secret, is_http=address.is_http)
        access = Access(
            credentials=source,
            now=self.now,
            timeout=self.settings.timeout,
            fetch_timeout=self.settings.fetch_timeout,
            max_file_bytes=self.settings.max_bytes,
        )
        return await self.packages.fetch(Place(address, place.ref, place.directory), access)
