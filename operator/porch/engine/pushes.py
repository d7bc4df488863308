"""Which content of a draft git does not have yet. Pure.

Drafts are pushed in the background: nobody waits for it, and what is pushed is always the newest.
"""

from porch.api.lifecycle import Lifecycle
from porch.engine.seen import Home, Seen
from porch.engine.sharing import Standing, lease, open_copy, standing
from porch.engine.sources import RENDER, first_task
from porch.kpt.content import Content
from porch.storage.adapter import Identity, PutDraft

_OPEN = (Lifecycle.DRAFT, Lifecycle.PROPOSED)


def is_push_due(seen: Seen) -> bool:
    """Git lacks this draft's content or lifecycle, and may be told.

    NB: a push never takes a proposal back. Somebody may be publishing it, so that is a step of the
    plan (`Reopen`), in step with the seal.
    """
    fact = seen.fact
    if fact.lifecycle not in _OPEN or fact.digest is None or seen.wish.deleting:
        return False
    if seen.home is not Home.LISTED:
        return False
    theirs = open_copy(seen)
    if theirs is None:
        return seen.stored is None
    if theirs.lifecycle is Lifecycle.PROPOSED and fact.lifecycle is Lifecycle.DRAFT:
        return False
    stands = standing(seen)
    if stands is Standing.SAME:
        return theirs.lifecycle is not fact.lifecycle
    return stands is Standing.OLDER


def put_draft(seen: Seen, content: Content, lifecycle: Lifecycle, author: Identity) -> PutDraft:
    """The change that gives git this content; the first push of a draft records its source."""
    return PutDraft(
        id=seen.wish.id,
        lifecycle=lifecycle,
        content=content,
        task=RENDER if seen.stored is not None else first_task(seen.wish.source),
        author=author,
        expected=lease(seen),
    )
