"""All clones of a process: one for each URL, in one cache directory.

The only place that knows how the parts of the adapter fit together.
I/O       opens clones on disk; the network is not touched before the first listing.
"""

import asyncio
import hashlib
from pathlib import Path

from porch.storage.git.clone import Clone
from porch.storage.git.credentials import Login
from porch.storage.git.layout import Layout
from porch.storage.git.program import Git
from porch.storage.git.remote import Access, address
from porch.storage.git.repository import GitRepository
from porch.storage.git.smarthttp import SmartHttp
from porch.storage.git.transport import Transport
from porch.storage.git.writer import Writer


class Clones:
    """Opens registrations; those of one URL share a clone and its writer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writers: dict[str, Writer] = {}

    async def open(
        self, url: str, layout: Layout, access: Access, *, create_branch: bool = False
    ) -> GitRepository:
        """One registration; RepositoryInvalid for an address that we do not go to."""
        place = address(url)
        if place.url not in self._writers:
            name = hashlib.sha256(place.url.encode()).hexdigest()[:32]
            directory = self._directory / f"{name}.git"
            clone = await asyncio.to_thread(Clone, directory, place.url)
            self._writers.setdefault(place.url, Writer(clone))
        writer = self._writers[place.url]
        login = Login(access.credentials, place.given, now=access.now)
        git = Git(writer.clone.directory, place, access, login)
        transport: Transport = SmartHttp(place, access, login, git) if place.is_http else git
        return GitRepository(writer, layout, transport, create_branch=create_branch)

    async def close(self) -> None:
        """Let every clone finish what it writes."""
        for writer in self._writers.values():
            await writer.close()
