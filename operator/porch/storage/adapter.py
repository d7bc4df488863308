"""What a repository of packages must be able to do, whatever it is made of.

An adapter speaks in revisions, not refs: it shows a `Snapshot` of what is stored and applies
`Change`s, each of which is idempotent and ends in an `Outcome`. The engine sees this module only;
git and OCI are adapters of it and pass the same contract suite.

Values    packages are paths relative to the registered directory, "net/vpc"; times are aware UTC.
Versions  opaque text, compared for equality only; a change carries the version it was decided on.
Errors    Unreachable, Untrusted, AccessDenied, RepositoryInvalid. Expected ends of a change are
          Outcomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType, Protocol

from porch.api.lifecycle import Lifecycle
from porch.errors import Permanent, Transient
from porch.kpt.content import Content, Digest

Version = NewType("Version", str)  # git: the commit, and whether it is drafted or proposed


class Unreachable(Transient):
    """The repository did not answer, or answered that it cannot just now."""

    reason = "RepositoryUnreachable"


class Untrusted(Transient):
    """Whoever answers cannot prove to be the server that was meant."""

    reason = "RepositoryUntrusted"


class AccessDenied(Transient):
    """The repository refused our credentials; they may be rotated at any time."""

    reason = "AccessDenied"


class RepositoryInvalid(Permanent):
    """The repository is there but cannot be used as it is registered."""

    reason = "RepositoryInvalid"


@dataclass(frozen=True, slots=True)
class RevisionId:
    """The identity of a revision inside its repository."""

    package: str  # "net/vpc"
    workspace: str


@dataclass(frozen=True, slots=True)
class Task:
    """How a revision came to be: the type and the body, in the shape that commits record."""

    type: str  # init, clone, edit, upgrade, render, push
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """An author as commits name them."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Where a revision can be fetched from, as `upstreamLock` and `selfLock` say it."""

    repo: str
    directory: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """One revision as the repository holds it."""

    id: RevisionId
    lifecycle: Lifecycle
    revision: int  # 0 for drafts and proposals, -1 for what has no number, else the number
    digest: Digest
    version: Version
    lock: Lock
    task: Task | None = None  # the first task; None when the repository does not say
    published_by: str = ""
    published_at: datetime | None = None
    size_bytes: int = 0  # of all files


@dataclass(frozen=True, slots=True)
class Warned:
    """Something in the repository that was skipped, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A complete listing of a repository at one instant.

    `taken_at` is the start of the listing: what is absent here and was written before then is gone.
    """

    revisions: Mapping[RevisionId, StoredRevision]
    head: str  # what the package branch points to, "" when there is none
    taken_at: datetime
    atomic: bool  # several refs change together or not at all
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class PutDraft:
    """Make the repository hold this draft or proposal, with this content."""

    id: RevisionId
    lifecycle: Lifecycle  # Draft or Proposed
    content: Content
    task: Task  # of this change: the source's task first, "render" afterwards
    author: Identity
    expected: Version | None  # version of the draft when last seen; None: must not exist


@dataclass(frozen=True, slots=True)
class Publish:
    """Give this content the next number of its package, for ever; the draft goes."""

    id: RevisionId
    content: Content
    task: Task  # the revision's first task, recorded when no draft was ever stored
    author: Identity
    expected: Version | None  # of the stored draft or proposal; None: none was stored


@dataclass(frozen=True, slots=True)
class ProposeDeletion:
    """Mark a published revision as proposed for deletion."""

    id: RevisionId


@dataclass(frozen=True, slots=True)
class UndoDeletion:
    """Take the mark of ProposeDeletion away."""

    id: RevisionId


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the revision, whatever its lifecycle; absent already is success."""

    id: RevisionId
    expected: Version | None  # version of the revision when last seen; None: whatever it is


Change = PutDraft | Publish | ProposeDeletion | UndoDeletion | Delete


@dataclass(frozen=True, slots=True)
class Stored:
    """The change is in the repository; `revision` is None when it removed it."""

    revision: StoredRevision | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody else changed the revision since `expected`; nothing was written."""

    found: StoredRevision | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The repository refused this change for good (a hook, a protected branch, a limit)."""

    message: str  # what the server said


Outcome = Stored | Moved | Refused


class RepositoryAdapter(Protocol):
    """One registered repository: a URL, a branch and a directory."""

    async def observe(self) -> Snapshot:
        """List the repository as it is now, reading only what changed since the last time."""
        ...

    async def read(self, revision: StoredRevision) -> Content:
        """The complete content of a revision, every file with its bytes."""
        ...

    async def fill(self, content: Content) -> Content:
        """The same content with the bytes of files that are known by id only."""
        ...

    async def apply(self, change: Change) -> Outcome:
        """Bring one change about. Concurrent calls share pushes; a crash may repeat any of them."""
        ...

    async def close(self) -> None:
        """Stop writing and release what is held. Nothing that was acknowledged is lost."""
        ...
