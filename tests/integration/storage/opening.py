"""Opening a git repository as often as a test likes, each time with a clone of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from porch.storage.git.clone import Clone
from porch.storage.git.clones import Clones
from porch.storage.git.credentials import Login
from porch.storage.git.layout import Layout
from porch.storage.git.program import Git
from porch.storage.git.remote import Access, address
from porch.storage.git.repository import GitRepository
from porch.storage.git.writer import Writer

MAIN = Layout(branch="main", directory="")


@dataclass
class Opener:
    """Opens registrations of one URL, and closes them at the end."""

    url: str
    directory: Path
    by_program: bool = False
    _clones: list[Clones] = field(default_factory=list)
    _writers: list[Writer] = field(default_factory=list)
    _opened: list[GitRepository] = field(default_factory=list)

    async def __call__(
        self,
        layout: Layout = MAIN,
        access: Access | None = None,
        *,
        create_branch: bool = False,
        at: str = "",
    ) -> GitRepository:
        """The repository, seen by a process that knows nothing of it; `at` is an old clone."""
        place = self.directory / (at or f"clone-{len(self._opened)}")
        access = access or Access()
        if self.by_program:
            found = self._by_program(place, layout, access)
        else:
            clones = Clones(place)
            self._clones.append(clones)
            found = await clones.open(self.url, layout, access, create_branch=create_branch)
        self._opened.append(found)
        return found

    async def also(self, other: GitRepository, layout: Layout, access: Access) -> GitRepository:
        """One more registration that shares the clone of another one."""
        clones = self._clones[self._opened.index(other)]
        found = await clones.open(self.url, layout, access)
        self._opened.append(found)
        return found

    async def close(self) -> None:
        """Close everything that was opened."""
        for each in self._opened:
            await each.close()
        for clones in self._clones:
            await clones.close()
        for writer in self._writers:
            await writer.close()

    def _by_program(self, place: Path, layout: Layout, access: Access) -> GitRepository:
        where = address(self.url)
        writer = Writer(Clone(place, where.url))
        self._writers.append(writer)
        git = Git(place, where, access, Login(access.credentials, where.given))
        return GitRepository(writer, layout, git)
