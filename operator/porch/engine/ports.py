"""What the engine asks of the world beside the cache and the repository.

Protocols and their values only; the entry layer provides what is behind them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from porch.api.lifecycle import Lifecycle
from porch.engine.packagefacts import PackageFacts
from porch.engine.record import FunctionRun
from porch.engine.seen import Key, Seen
from porch.engine.sources import GitPlace
from porch.kpt.content import BlobId, Content, Digest, File
from porch.storage.adapter import RevisionId, StoredRevision
from porch.storage.upstream import Fetched

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rendering:
    """The outcome of one render; `content` is the input itself when it failed."""

    content: Content
    succeeded: bool
    error: str  # with function, file and line; "" when it succeeded
    functions: tuple[FunctionRun, ...]
    results: bytes  # JSON of a FunctionResultList, b"" when no function ran


class Renderer(Protocol):
    """Runs a package's pipeline."""

    async def render(self, content: Content) -> Rendering:
        """Render; a failing function is an outcome, not an exception."""
        ...


class Objects(Protocol):
    """The PackageRevision objects."""

    async def add_finalizer(self, key: Key) -> None:
        """Put our finalizer on the object, before any external effect."""
        ...

    async def release(self, key: Key) -> None:
        """Take our finalizer off."""
        ...

    async def set_lifecycle(self, key: Key, lifecycle: Lifecycle) -> int:
        """Move `spec.lifecycle` to what git has; the object's generation afterwards."""
        ...

    async def set_facts(self, key: Key, facts: PackageFacts, *, over: PackageFacts) -> int:
        """Let `spec` say of the package what its Kptfile says, if it still says what `over` has.

        The object's generation afterwards.
        """
        ...

    async def remove(self, key: Key) -> None:
        """Delete the object; its revision is gone from git."""
        ...

    async def write_status(self, seen: Seen) -> None:
        """Write `status` as `seen` says it; nothing is sent when nothing changed."""
        ...


class Announcer(Protocol):
    """Tells people what happened: Events and logs."""

    def done(self, key: Key, reason: str, message: str) -> None:
        """Something was carried out."""
        ...

    def warn(self, key: Key, reason: str, message: str) -> None:
        """Something needs attention."""
        ...


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime:
        """The present instant."""
        ...


class Memory(Protocol):
    """A bounded memory of contents by digest; forgetting is always safe."""

    def keep(self, content: Content) -> None:
        """Remember content and its files."""
        ...

    def content(self, digest: Digest) -> Content | None:
        """The content of a digest, if still remembered."""
        ...

    def file(self, blob: BlobId) -> File | None:
        """The file of a blob, if still remembered."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """A revision that a source names, as far as it is known."""

    repository: str  # name of its Repository
    id: RevisionId
    lifecycle: Lifecycle | None  # the fact; None: not established yet
    stored: StoredRevision | None  # as its repository holds it; None: not known
    is_placeholder: bool  # it stands for the branch, whose content moves
    trouble: str = ""  # why it is not known what its repository holds


class Library(Protocol):
    """Other revisions of the namespace, by object name, for sources that start from one."""

    def find(self, key: Key) -> Origin | None:
        """What is known of a revision; None when there is no such object."""
        ...

    async def read(self, origin: Origin, stored: StoredRevision, *, namespace: str) -> Content:
        """The content of a revision that was found."""
        ...


class Upstreams(Protocol):
    """Packages in repositories that need not be registered."""

    async def fetch(self, place: GitPlace, *, namespace: str) -> Fetched:
        """The package at a place, with the credentials of a Secret of the namespace."""
        ...


class Workers(Protocol):
    """Runs what takes long and only computes, beside everything else."""

    async def run(self, work: Callable[[], T]) -> T:
        """The outcome of `work`, which must be pure."""
        ...
