"""What must happen next with one package revision. Pure and total.

`plan(seen)` is the next action, or None when the world is as it should be, or as far as it can be
(`Halt`). The executor performs it and asks again with what it then knows; a crash between any two
actions is safe, because every action is idempotent and the next pass plans from what is stored.

Order matters in four places, and each says why:
  the finalizer comes before the first external effect, so that no deletion can miss one;
  a pushed proposal is taken back in git before the draft opens again, so that a publication that
  somebody else is carrying out loses its lease;
  resources are sealed before a revision counts as Proposed, so that no acknowledged edit can be
  written behind a proposal's back;
  an edit is rendered before anything else is looked at, so that what is compared with git, sealed
  or replaced is always known.
"""

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import DraftHead, Inline
from porch.engine.actions import (
    AddFinalizer,
    AdoptDraft,
    DeleteStored,
    FlushDraft,
    Forget,
    MakeDraft,
    ProposeDeletion,
    Publish,
    ReadBody,
    Record,
    Release,
    RenderEdit,
    Reopen,
    RestoreMetadata,
    Seal,
    SetWish,
    Show,
    Step,
    UndoDeletion,
    WriteMetadata,
)
from porch.engine.seen import Halt, Home, Seen
from porch.engine.sharing import Standing, is_ours, moved_to, open_copy, standing
from porch.storage.adapter import StoredRevision

_FINAL = (Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED)


def plan(seen: Seen) -> Step:
    """The next step, a Halt that says why there is none, or None: converged."""
    if seen.wish.deleting:
        return _deletion(seen)
    if seen.fact.lifecycle in _FINAL:
        return _published(seen)
    stored = _published_copy(seen)
    if stored is not None:
        return _already_published(seen, stored)
    if seen.fact.lifecycle is None:
        return _new(seen)
    if not seen.wish.finalizer:
        return AddFinalizer()
    if not _has_content(seen):
        return _content_missing(seen)
    if seen.fact.lifecycle is Lifecycle.PROPOSED:
        return _proposed(seen)
    return _draft(seen)


def _new(seen: Seen) -> Step:
    if seen.home is not Home.LISTED:
        return _home_trouble(seen)
    if seen.refusal is not None:
        return seen.refusal
    if not seen.wish.finalizer:
        return AddFinalizer()
    if _has_content(seen):
        return _draft(seen)
    theirs = open_copy(seen)
    if theirs is not None:
        if theirs.lifecycle is Lifecycle.PROPOSED and seen.wish.lifecycle is Lifecycle.DRAFT:
            return SetWish(theirs.lifecycle, "git has the revision as Proposed")
        return AdoptDraft(theirs)
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
    if not is_known(seen):
        return ReadBody() if seen.body is None else RenderEdit()
    step = _follow_git(seen) or _follow_spec(seen)
    if step is not None:
        return step
    match seen.wish.lifecycle:
        case Lifecycle.DRAFT:
            theirs = open_copy(seen)
            in_git = theirs is not None and theirs.lifecycle is Lifecycle.PROPOSED
            return _reject(seen) if in_git else None
        case Lifecycle.DELETION_PROPOSED:
            return _not_published(seen)
    if not _is_rendered(seen):
        return _render_failed(seen)
    return ReadBody() if seen.body is None else Seal()


def _proposed(seen: Seen) -> Step:
    if seen.body is not None and seen.body.content.digest != seen.fact.digest:
        return _replaced_proposal(seen)
    if not is_known(seen):
        if seen.body is None:
            return ReadBody()
        record = seen.fact.record
        if record is None or record.output != seen.fact.digest:
            return RenderEdit()
    step = _follow_git(seen)
    if step is not None:
        return step
    if seen.wish.lifecycle is Lifecycle.DRAFT or not _is_rendered(seen):
        return _reject(seen)
    return _approve(seen) if is_known(seen) else Seal()


def _approve(seen: Seen) -> Step:
    match seen.wish.lifecycle:
        case Lifecycle.DELETION_PROPOSED:
            return _not_published(seen)
        case Lifecycle.PUBLISHED if seen.home is not Home.LISTED:
            return _home_trouble(seen)
        case Lifecycle.PUBLISHED:
            return ReadBody() if seen.body is None else Publish()
    return None


def _reject(seen: Seen) -> Step:
    """Not before git was asked: what was sealed may have been published, unheard of."""
    if seen.home is not Home.LISTED:
        return _home_trouble(seen)
    return ReadBody() if seen.body is None else Reopen()


def _replaced_proposal(seen: Seen) -> Step:
    """Resources that were removed and created again while they were proposed.

    They are an edit like any other, except that nobody approved it. Where we had opened the draft
    again, and a crash kept that out of the status, it is an edit and nothing else.
    """
    is_open = seen.body is not None and seen.body.lifecycle is Lifecycle.DRAFT
    if is_open or seen.wish.lifecycle not in _FINAL:
        return _reject(seen)
    found = seen.body.content.digest if seen.body else None
    return Halt(
        Reason.CONTENT_CHANGED,
        f"the sealed resources must hold the proposed content {seen.fact.digest}, found {found}; "
        "set `spec.lifecycle` to 'Draft' to render and propose what they hold now",
        stalled=True,
    )


def _follow_git(seen: Seen) -> Step:
    """What somebody else did to the draft in git asks for; None when they did nothing."""
    theirs = open_copy(seen)
    if theirs is None or seen.home is not Home.LISTED:
        return None
    wish, moved = seen.wish.lifecycle, moved_to(seen)
    if moved is not None and wish is not moved and _is_overtaken(wish, moved):
        return SetWish(moved, f"somebody else made the revision {moved} in git")
    match standing(seen):
        case Standing.NEWER:
            return _take_theirs(seen, theirs)
        case Standing.DIVERGED:
            return _diverged(seen, theirs)
    return None


def _follow_spec(seen: Seen) -> Step:
    """What somebody changed in `spec` about the package asks for."""
    if not facts_differ(seen) or not _is_rendered(seen):
        return None
    return ReadBody() if seen.body is None else WriteMetadata()


def facts_differ(seen: Seen) -> bool:
    return seen.fact.facts is not None and seen.fact.facts != seen.wish.facts.digest


def _take_theirs(seen: Seen, theirs: StoredRevision) -> Step:
    """Nobody approved their content; and ours is read first, so that no edit is overwritten."""
    if seen.wish.lifecycle is Lifecycle.PUBLISHED:
        why = "somebody else changed the content in git after it was approved"
        return SetWish(Lifecycle.DRAFT, why)
    unread = seen.draft is not None and seen.body is None
    return ReadBody() if unread else AdoptDraft(theirs)


def _is_overtaken(wish: Lifecycle, moved: Lifecycle) -> bool:
    """A proposal overtakes the wish for a draft, a rejection overtakes every wish."""
    return moved is Lifecycle.DRAFT or wish is Lifecycle.DRAFT


def _published(seen: Seen) -> Step:
    wish, fact = seen.wish.lifecycle, seen.fact.lifecycle
    if seen.home is not Home.LISTED:
        return None if wish is fact else _home_trouble(seen)
    stored = _published_copy(seen)
    if stored is None:
        return Forget()
    if stored.lifecycle is not fact and wish is fact:
        return SetWish(stored.lifecycle, f"somebody else made the revision {stored.lifecycle}")
    if _differs(seen, stored):
        return Record(stored)
    if not _is_shown(seen, stored):
        return Show(stored)
    if (seen.fact.facts is None or facts_differ(seen)) and _has_content(seen):
        return ReadBody() if seen.body is None else RestoreMetadata()
    return _deletion_wish(seen, stored)


def _is_shown(seen: Seen, stored: StoredRevision) -> bool:
    """Of a repository with a past, all numbers come first: people wait for those.

    NB: the note of a draft looks like that of a revision that is shown; the body tells, when read.
    """
    if seen.draft is None:
        return seen.is_settling
    if seen.body is not None and seen.body.lifecycle is not stored.lifecycle:
        return False
    if seen.draft.generation != seen.draft.rendered_generation:
        return False
    return seen.draft.inline is Inline.TOO_LARGE or seen.is_inline is _is_inline(seen.draft)


def _deletion_wish(seen: Seen, stored: StoredRevision) -> Step:
    match seen.wish.lifecycle, stored.lifecycle:
        case Lifecycle.DELETION_PROPOSED, _ if not seen.wish.finalizer:
            return AddFinalizer()
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
    if _has_content(seen):
        if seen.body is None:
            return ReadBody()
        if seen.body.content.digest != stored.digest:
            if not is_known(seen):
                return RenderEdit()
            if not _git_had(seen):
                return _published_otherwise(seen, stored)
    if seen.wish.lifecycle not in _FINAL:
        return SetWish(stored.lifecycle, f"git has the revision as {stored.lifecycle}")
    return Record(stored)


def _git_had(seen: Seen) -> bool:
    """Whoever published something else had our content before their eyes."""
    pushed = seen.fact.pushed
    return pushed is not None and pushed.digest == seen.fact.digest


def _differs(seen: Seen, stored: StoredRevision) -> bool:
    known = seen.fact.publication
    return (
        known is None
        or seen.fact.lifecycle is not stored.lifecycle
        or seen.fact.digest != stored.digest
        or known.revision != stored.revision
        or known.lock != stored.lock
    )


def _content_missing(seen: Seen) -> Step:
    theirs, stands = open_copy(seen), standing(seen)
    if theirs is not None and stands is Standing.SAME:
        return AdoptDraft(theirs)
    if theirs is not None and stands is not Standing.OLDER:
        return _take_theirs(seen, theirs)
    if seen.home is Home.UNLISTED:
        return _home_trouble(seen)
    return Halt(
        Reason.CONTENT_MISSING,
        f"PackageRevisionResources {seen.key.name!r} is gone and git has no copy of its last "
        f"content {seen.fact.digest}; create it again, or delete this revision",
        stalled=False,
    )


def _deletion(seen: Seen) -> Step:
    """Git is changed only for a revision that is deleted by itself, never with its home."""
    if not seen.wish.finalizer:
        return None
    published = seen.fact.lifecycle in _FINAL or _published_copy(seen) is not None
    if seen.home in (Home.MISSING, Home.LEAVING):
        return Release() if published or _is_saved(seen) else FlushDraft()
    if published and seen.wish.lifecycle is not Lifecycle.DELETION_PROPOSED:
        return Release()
    if seen.home is Home.UNLISTED:
        return _home_trouble(seen)
    if published:
        return Release() if _published_copy(seen) is None else DeleteStored()
    return DeleteStored() if is_ours(seen) else Release()


def _has_content(seen: Seen) -> bool:
    """NB: what is left of a published revision whose files are withheld is no content."""
    head = seen.body.head if seen.body is not None else seen.draft
    return head is not None and _is_inline(head)


def _is_inline(head: DraftHead) -> bool:
    return head.inline is Inline.YES


def is_known(seen: Seen) -> bool:
    """The stored content is what the record and the facts are about.

    NB: generations start again when the resources are created again, so the note that only our own
    writes carry is looked at as well; and the note of a write that a crash kept out of the status
    is not enough, as it does not say what was written.
    """
    record, head = seen.fact.record, seen.draft
    if record is None or head is None or seen.fact.lifecycle is None:
        return False
    return head.generation == head.rendered_generation == record.resources_generation


def _is_rendered(seen: Seen) -> bool:
    """The last render succeeded.

    NB: a seal does not imply it: what somebody else published and took back may be sealed, too.
    """
    return seen.fact.record is not None and seen.fact.record.succeeded


def _is_saved(seen: Seen) -> bool:
    """Git has the content, whatever a watch that lags behind has not told us yet."""
    pushed = seen.fact.pushed
    return is_known(seen) and pushed is not None and pushed.digest == seen.fact.digest


def _published_copy(seen: Seen) -> StoredRevision | None:
    stored = seen.stored
    return stored if stored is not None and stored.lifecycle.is_published else None


def _home_trouble(seen: Seen) -> Halt:
    if seen.home_trouble is not None:
        return seen.home_trouble
    return Halt(Reason.WAITING_FOR_REPOSITORY, "its Repository is not listed yet", stalled=False)


def _not_published(seen: Seen) -> Halt:
    return Halt(
        Reason.INVALID,
        "`spec.lifecycle` must not be 'DeletionProposed' before the revision is published, found "
        f"{seen.fact.lifecycle}; delete the draft instead, or set 'Published' to publish it",
        stalled=True,
    )


def _render_failed(seen: Seen) -> Halt:
    record = seen.fact.record
    error = record.error if record else "the content was never rendered"
    return Halt(
        Reason.RENDER_FAILED,
        f"cannot become {seen.wish.lifecycle} before its content renders: {error}",
        stalled=True,
    )


def _diverged(seen: Seen, theirs: StoredRevision) -> Halt:
    return Halt(
        Reason.DRAFT_MOVED,
        f"somebody else gave branch {theirs.lock.ref!r} the content {theirs.digest}, while ours "
        f"is {seen.fact.digest}; both are kept. Remove or reset the branch to go on with ours, or "
        f"delete PackageRevisionResources {seen.key.name!r} to take theirs",
        stalled=True,
    )


def _published_otherwise(seen: Seen, stored: StoredRevision) -> Halt:
    return Halt(
        Reason.DRAFT_MOVED,
        f"{stored.lock.ref!r} publishes this revision with content {stored.digest}, while the "
        f"draft here holds {seen.fact.digest}, which git never had; both are kept. Copy what you "
        f"need, then delete PackageRevisionResources {seen.key.name!r} to show what is published",
        stalled=True,
    )
