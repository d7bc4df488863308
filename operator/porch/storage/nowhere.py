"""The adapter of a revision whose Repository does not exist: everything waits for one."""

from typing import NoReturn

from porch.errors import Waiting
from porch.kpt.content import Content
from porch.storage.adapter import Change, Outcome, Snapshot, StoredRevision


class RepositoryNotFound(Waiting):
    """There is no Repository to read from or to write to."""

    reason = "RepositoryNotFound"


class Nowhere:
    """A RepositoryAdapter without a repository."""

    async def observe(self) -> Snapshot:
        _absent()

    async def read(self, revision: StoredRevision) -> Content:  # noqa: ARG002 - the port names it
        _absent()

    async def fill(self, content: Content) -> Content:  # noqa: ARG002 - the port names it
        _absent()

    async def apply(self, change: Change) -> Outcome:  # noqa: ARG002 - the port names it
        _absent()

    async def close(self) -> None:
        return None


NOWHERE = Nowhere()


def _absent() -> NoReturn:
    raise RepositoryNotFound("the Repository of this revision does not exist; create it")
