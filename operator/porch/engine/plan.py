"""What must happen next with one package revision. Pure and total.

`plan(seen)` is the next action, or None when the world is as it should be, or as far as it can be
(`Halt`). The executor performs it and asks again with what it then knows; a crash between any two
actions is safe, because every action is idempotent and the next pass plans from what is stored.

Order matters in three places, and each says why:
  the finalizer comes before the first external effect, so that no deletion can miss one;
  a pushed proposal is taken back in git before the draft opens again, so that a publication that
  somebody else is carrying out loses its lease;
  resources are sealed before a revision counts as Proposed, so that no acknowledged edit can be
  written behind a proposal's back.
"""

from dataclasses import dataclass

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine.seen import Halt, Home, Seen
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
class AdoptDraft:
    """Take over a draft or proposal that git has and we do not."""

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
    """Push what git does not have yet, for at most a minute; say so when it could not be done."""


@dataclass(frozen=True, slots=True)
class DeleteBody:
    """Remove the stored content."""


@dataclass(frozen=True, slots=True)
class Release:
    """Take our finalizer off; the object goes."""


Action = (
    AddFinalizer
    | ReadBody
    | MakeDraft
    | RenderEdit
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
    | DeleteBody
    | Release
)

Step = Action | Halt | None

_FINAL = (Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED)


def plan(seen: Seen) -> Step:
    """The next step, a Halt that says why there is none, or None: converged."""
    if seen.wish.deleting:
        return _deletion(seen)
    if seen.fact.lifecycle in _FINAL:
        return _published(seen)
    if seen.stored is not None and seen.stored.lifecycle in _FINAL:
        return _already_published(seen, seen.stored)
    if seen.fact.lifecycle is None:
        return _new(seen)
    if seen.draft is None and seen.body is None:
        return _content_missing(seen)
    if seen.fact.lifecycle is Lifecycle.PROPOSED:
        return _proposed(seen)
    return _draft(seen)


def _new(seen: Seen) -> Step:
    match seen.home:
        case Home.MISSING | Home.LEAVING | Home.UNLISTED:
            return _home_trouble(seen)
    if seen.refusal is not None:
        return seen.refusal
    if not seen.wish.finalizer:
        return AddFinalizer()
    if seen.draft is not None or seen.body is not None:
        return _draft(seen)
    if seen.stored is not None:
        return AdoptDraft(seen.stored)
    if seen.wish.source is not None:
        return MakeDraft()
    return Halt(
        Reason.WAITING_FOR_CONTENT,
        "neither `spec.source` nor a PackageRevisionResources of this name gives it content; "
        f"create PackageRevisionResources {seen.key.name!r} or set `spec.source`",
        stalled=False,
    )


def _draft(seen: Seen) -> Step:
    """Content first, wish second: what is proposed is what was rendered."""
    if not _is_rendered(seen):
        return ReadBody() if seen.body is None else RenderEdit()
    if seen.wish.lifecycle is Lifecycle.DRAFT:
        return None
    if seen.wish.lifecycle is Lifecycle.DELETION_PROPOSED:
        return Halt(
            Reason.INVALID,
            "`spec.lifecycle` must not be 'DeletionProposed' before the revision is published; "
            "delete the draft instead",
            stalled=True,
        )
    record = seen.fact.record
    if record is None or not record.succeeded:
        return _render_failed(seen)
    return ReadBody() if seen.body is None else Seal()


def _proposed(seen: Seen) -> Step:
    if seen.wish.lifecycle is Lifecycle.DRAFT:
        return ReadBody() if seen.body is None else Reopen()
    if seen.wish.lifecycle is not Lifecycle.PUBLISHED:
        return None
    if seen.home is not Home.LISTED:
        return _home_trouble(seen)
    if seen.body is None:
        return ReadBody()
    if seen.body.content.digest != seen.fact.digest:
        return Halt(
            Reason.CONTENT_CHANGED,
            "the sealed resources must hold the proposed content "
            f"{seen.fact.digest}, found {seen.body.content.digest}; "
            "set `spec.lifecycle` to 'Draft' to render and propose what they hold now",
            stalled=True,
        )
    return Publish()


def _published(seen: Seen) -> Step:
    if seen.home is not Home.LISTED:
        return None
    if seen.stored is None:
        return Forget()
    if _differs(seen, seen.stored):
        return Record(seen.stored)
    if seen.draft is None:
        return Show(seen.stored)
    return _deletion_wish(seen, seen.stored)


def _deletion_wish(seen: Seen, stored: StoredRevision) -> Step:
    match seen.wish.lifecycle, stored.lifecycle:
        case want, have if want is have:
            return None
        case Lifecycle.DELETION_PROPOSED, _:
            return ProposeDeletion()
        case Lifecycle.PUBLISHED, _:
            return UndoDeletion()
        case want, have:
            return SetWish(have, f"the revision is {have} in git and cannot be {want} again")


def _already_published(seen: Seen, stored: StoredRevision) -> Step:
    """Git has it: our publication before a crash, a discovered revision, or another's work."""
    if seen.wish.lifecycle not in _FINAL:
        return SetWish(stored.lifecycle, f"git has the revision as {stored.lifecycle}")
    return Record(stored)


def _differs(seen: Seen, stored: StoredRevision) -> bool:
    known = seen.fact.publication
    return (
        known is None
        or seen.fact.lifecycle is not stored.lifecycle
        or seen.fact.digest != stored.digest
        or known.revision != stored.revision
        or known.lock != stored.lock
    )


def _is_rendered(seen: Seen) -> bool:
    """The stored content is what the last render made, or is known to be un-renderable."""
    record, head = seen.fact.record, seen.draft
    if record is None or head is None:
        return False
    return head.generation in (head.rendered_generation, record.resources_generation)


def _render_failed(seen: Seen) -> Halt:
    record = seen.fact.record
    error = record.error if record else "the content was never rendered"
    return Halt(
        Reason.RENDER_FAILED,
        f"cannot become {seen.wish.lifecycle} before its content renders: {error}",
        stalled=True,
    )


def _content_missing(seen: Seen) -> Step:
    if seen.stored is not None:
        return AdoptDraft(seen.stored)
    if seen.home is Home.UNLISTED:
        return _home_trouble(seen)
    return Halt(
        Reason.CONTENT_MISSING,
        f"PackageRevisionResources {seen.key.name!r} is gone and git has no copy of it; "
        "create it again, or delete this revision",
        stalled=False,
    )


def _deletion(seen: Seen) -> Step:
    """Git is changed only for a revision that is deleted by itself, never with its home."""
    if not seen.wish.finalizer:
        return None
    published = seen.fact.lifecycle in _FINAL or _stored_final(seen)
    if seen.home in (Home.MISSING, Home.LEAVING):
        return _leave_git(seen, published=published)
    if published and seen.wish.lifecycle is not Lifecycle.DELETION_PROPOSED:
        return _drop(seen)
    if seen.home is Home.UNLISTED:
        return _home_trouble(seen)
    if seen.stored is not None:
        return DeleteStored()
    return _drop(seen)


def _leave_git(seen: Seen, *, published: bool) -> Step:
    pushed = seen.fact.pushed
    unpushed = seen.fact.digest is not None and (
        pushed is None or pushed.digest != seen.fact.digest
    )
    if not published and unpushed and seen.draft is not None:
        return FlushDraft()
    return _drop(seen)


def _stored_final(seen: Seen) -> bool:
    return seen.stored is not None and seen.stored.lifecycle in _FINAL


def _drop(seen: Seen) -> Step:
    return DeleteBody() if seen.draft is not None else Release()


def _home_trouble(seen: Seen) -> Halt:
    if seen.home_trouble is not None:
        return seen.home_trouble
    return Halt(Reason.WAITING_FOR_REPOSITORY, "its Repository is not listed yet", stalled=False)
