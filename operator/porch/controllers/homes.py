"""The registered repositories of this process, and what each is known to hold.

State only: which Repository object, which adapter, the last listing or why there is none.
"""

from dataclasses import dataclass
from datetime import datetime

from porch.api.conditions import Reason
from porch.api.repository import Inline, Repository
from porch.engine.seen import Halt, Home, Key
from porch.storage.adapter import Identity, RevisionId, Snapshot, StoredRevision
from porch.storage.known import Known

DEFAULT_AUTHOR = Identity("porch-controller", "porch-controller@kpt.dev")


@dataclass(slots=True)
class Registered:
    """One Repository object."""

    repository: Repository
    known: Known
    full_at: datetime | None = None  # the last full listing
    beyond: frozenset[RevisionId] = frozenset()  # published files that the budget has no room for
    is_settling: bool = False  # objects of discovered revisions are being made
    trouble: str = ""  # why the last listing failed, "" when it did not

    @property
    def snapshot(self) -> Snapshot | None:
        """The last complete listing, with what we changed since."""
        return self.known.snapshot

    def is_inline(self, id_: RevisionId) -> bool:
        """Whether the policy keeps the files of a published revision in the store."""
        return self.repository.spec.inline is Inline.ALL and id_ not in self.beyond

    @property
    def branch(self) -> str:
        """The registered branch."""
        return self.repository.spec.git.branch if self.repository.spec.git else ""

    @property
    def author(self) -> Identity:
        """Who is named as the author of commits."""
        git = self.repository.spec.git
        if git is None or not (git.author or git.email):
            return DEFAULT_AUTHOR
        return Identity(git.author or git.email, git.email)


@dataclass(frozen=True, slots=True)
class HomeView:
    """What one revision needs to know of its repository."""

    state: Home
    trouble: Halt | None
    registered: Registered | None = None

    def stored(self, id_: RevisionId) -> StoredRevision | None:
        """The revision as the repository is known to hold it."""
        snapshot = self.registered.snapshot if self.registered else None
        return snapshot.revisions.get(id_) if snapshot else None


class Homes:
    """All registered repositories, by the key of their object."""

    def __init__(self) -> None:
        self._registered: dict[Key, Registered] = {}

    def get(self, key: Key) -> Registered | None:
        """The repository of that key, if it is registered."""
        return self._registered.get(key)

    def put(self, key: Key, registered: Registered) -> None:
        """Register, or replace."""
        self._registered[key] = registered

    def pop(self, key: Key) -> Registered | None:
        """Unregister."""
        return self._registered.pop(key, None)

    async def close(self) -> None:
        """Let every repository finish what it writes, and its connections go."""
        for registered in self._registered.values():
            await registered.known.close()

    def view(self, key: Key, repository: Repository | None) -> HomeView:
        """The state of a revision's home; `repository` is its object, None when there is none."""
        registered = self._registered.get(key)
        if repository is None:
            words = (
                f"Repository {key.name!r} does not exist in namespace {key.namespace!r}; create it"
            )
            trouble = Halt(Reason.REPOSITORY_NOT_FOUND, words, stalled=False)
            return HomeView(Home.MISSING, trouble, registered)
        if repository.metadata.deletion_timestamp is not None:
            words = f"Repository {key.name!r} is being deleted"
            trouble = Halt(Reason.WAITING_FOR_REPOSITORY, words, stalled=False)
            return HomeView(Home.LEAVING, trouble, registered)
        if registered is None or registered.snapshot is None:
            why = registered.trouble if registered else ""
            words = f"Repository {key.name!r} has not been listed yet"
            words = f"{words}: {why}" if why else words
            trouble = Halt(Reason.WAITING_FOR_REPOSITORY, words, stalled=False)
            return HomeView(Home.UNLISTED, trouble, registered)
        return HomeView(Home.LISTED, None, registered)
