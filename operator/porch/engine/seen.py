"""What is known of one package revision at one instant: the only input of the plan.

Pure values, read once by the entry layer before anything is decided. `None` means absent.
Digests are ids of git trees, generations are Kubernetes' `metadata.generation`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, DraftHead
from porch.engine.packagefacts import NOTHING_SAID, PackageFacts
from porch.engine.record import RenderRecord
from porch.engine.sources import Source
from porch.errors import PorchError
from porch.kpt.content import Content, Digest
from porch.storage.adapter import Lock, RevisionId, StoredRevision

MAX_UNCONFIRMED = 16  # of `Fact.unconfirmed`; more edits than this seldom fall into one push
MAX_CONFLICTS = 16  # of `Merge.conflicts`; the object must stay small


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Namespace and name of a PackageRevision, and so of its PackageRevisionResources."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Home(StrEnum):
    """The state of the Repository that a revision belongs to."""

    LISTED = "listed"  # has been listed completely at least once since we started
    UNLISTED = "unlisted"  # exists, but no listing has succeeded yet
    MISSING = "missing"  # there is no such Repository
    LEAVING = "leaving"  # the Repository, its namespace or our CRDs are being deleted


@dataclass(frozen=True, slots=True)
class Pushed:
    """What git is known to hold of a draft or proposal (`status.git`)."""

    digest: Digest
    lifecycle: Lifecycle
    branch: str = ""  # "drafts/net/vpc/v1"
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """The facts of a published revision."""

    revision: int  # 1, 2, …; -1 for what has no number
    lock: Lock
    published_by: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """Something that a package and its upstream changed differently; values are left out."""

    path: str
    resource: str  # "Deployment.apps web/shop"; "" for what is no resource
    field: str  # "spec.replicas"; "" for the whole of it
    taken: str  # whose version is in the draft: "local" or "updated"

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.path, self.resource, self.field)))


@dataclass(frozen=True, slots=True)
class Merge:
    """How a merge of an upgrade went, as long as the revision is not published."""

    total: int  # of all conflicts
    conflicts: tuple[MergeConflict, ...]  # the first MAX_CONFLICTS

    def __str__(self) -> str:
        told = "; ".join(f"{each} ({each.taken} taken)" for each in self.conflicts)
        more = f"; and {left} more" if (left := self.total - len(self.conflicts)) else ""
        return (
            f"the package and its upstream changed {self.total} things differently: {told}{more}. "
            "Look at the files, and edit them where the other version is right"
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants: identity and `spec`."""

    id: RevisionId
    repository: str
    lifecycle: Lifecycle
    source: Source | None
    deleting: bool
    finalizer: bool  # ours is on the object
    generation: int = 1  # of the object, as of which this was read
    facts: PackageFacts = NOTHING_SAID  # what `spec` says of the package


@dataclass(frozen=True, slots=True)
class Fact:
    """What we found out and wrote down: `status`."""

    lifecycle: Lifecycle | None = None  # None: nothing has been established yet
    digest: Digest | None = None
    record: RenderRecord | None = None
    pushed: Pushed | None = None
    publication: Publication | None = None
    # The last states of ours, oldest first, that a push may have left in git unheard of: after a
    # crash they tell our own late push from somebody else's. At most MAX_UNCONFIRMED.
    unconfirmed: tuple[Pushed, ...] = ()
    diverged: Digest | None = None  # content that somebody else gave the draft's branch
    facts: str | None = None  # digest of what `spec` and the Kptfile said last; None: never looked
    merge: Merge | None = None  # of the upgrade that the draft began with, when it had conflicts


@dataclass(frozen=True, slots=True)
class Halt:
    """Why the plan goes no further, for people and for the work queue."""

    reason: str  # a constant of the table of reasons
    message: str
    stalled: bool  # True: only an edit helps. False: something else must happen first


@dataclass(frozen=True, slots=True)
class Seen:
    """One package revision and all that decides about it."""

    key: Key
    wish: Wish
    fact: Fact
    home: Home
    home_trouble: Halt | None = None  # why the home is not LISTED; None when it is
    is_inline: bool = True  # the repository's policy keeps published files in the store
    is_settling: bool = False  # objects of its home's revisions are being made; files come later
    deployment: bool = False  # packages of the home are ready to be deployed
    refusal: Halt | None = None  # why a new revision must not come to be beside what is stored
    draft: DraftHead | None = None
    body: Draft | None = None  # of the same version as `draft`, when it was read
    withheld: Content | None = None  # published content that `body` lacks, when it was read
    # What the repository holds; NB: never older than the last change of ours that was answered.
    stored: StoredRevision | None = None
    halt: Halt | None = None
    error: PorchError | None = None  # what `halt` tells of, when an action failed
