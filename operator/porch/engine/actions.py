"""What can be done next with one package revision: the vocabulary of the plan. Pure values."""

from dataclasses import dataclass

from porch.api.lifecycle import Lifecycle
from porch.engine.seen import Halt
from porch.storage.adapter import StoredRevision


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Put our finalizer on the object."""


@dataclass(frozen=True, slots=True)
class ReadBody:
    """Read the stored content."""


@dataclass(frozen=True, slots=True)
class MakeDraft:
    """Apply the source, render, record, and store the draft's first content."""


@dataclass(frozen=True, slots=True)
class RenderEdit:
    """Read what the stored content means; render, record and write back if it is an edit."""


@dataclass(frozen=True, slots=True)
class WriteMetadata:
    """Give the Kptfile the labels, annotations and gates of `spec`, and render."""


@dataclass(frozen=True, slots=True)
class RestoreMetadata:
    """Set what `spec` says of a published package back to what its Kptfile says."""


@dataclass(frozen=True, slots=True)
class AdoptDraft:
    """Take over a draft or proposal that git has and we do not, or that somebody else moved."""

    stored: StoredRevision


@dataclass(frozen=True, slots=True)
class Seal:
    """Close the rendered content to edits; from then on the revision is Proposed."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Make a proposal a draft again: first in git, then for editors."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish the sealed content."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write down what git says of a published revision."""

    stored: StoredRevision


@dataclass(frozen=True, slots=True)
class Show:
    """Show the published content as resources."""

    stored: StoredRevision


@dataclass(frozen=True, slots=True)
class ProposeDeletion:
    """Mark the published revision in git."""


@dataclass(frozen=True, slots=True)
class UndoDeletion:
    """Take that mark away."""


@dataclass(frozen=True, slots=True)
class SetWish:
    """Move `spec.lifecycle` to what git has, which wins."""

    lifecycle: Lifecycle
    why: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove an object whose revision git no longer has."""


@dataclass(frozen=True, slots=True)
class DeleteStored:
    """Remove the revision from git."""


@dataclass(frozen=True, slots=True)
class FlushDraft:
    """Push what git does not have yet, for at most a minute, say how it went, and let go."""


@dataclass(frozen=True, slots=True)
class Release:
    """Remove the stored content and take our finalizer off; the object goes."""


Action = (
    AddFinalizer
    | ReadBody
    | MakeDraft
    | RenderEdit
    | WriteMetadata
    | RestoreMetadata
    | AdoptDraft
    | Seal
    | Reopen
    | Publish
    | Record
    | Show
    | ProposeDeletion
    | UndoDeletion
    | SetWish
    | Forget
    | DeleteStored
    | FlushDraft
    | Release
)

Step = Action | Halt | None
