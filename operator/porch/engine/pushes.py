"""Which content of a draft git does not have yet. Pure.

Drafts are pushed in the background: nobody waits for it, and what is pushed is always the newest.
"""

from porch.api.lifecycle import Lifecycle
from porch.engine.seen import Home, Seen
from porch.engine.sources import RENDER, first_task
from porch.kpt.content import Content
from porch.storage.adapter import Identity, PutDraft

_OPEN = (Lifecycle.DRAFT, Lifecycle.PROPOSED)


def is_push_due(seen: Seen) -> bool:
    """Git lacks this draft's content or lifecycle, and may be told."""
    fact = seen.fact
    if fact.lifecycle not in _OPEN or fact.digest is None or seen.wish.deleting:
        return False
    if seen.home is not Home.LISTED or fact.diverged is not None:
        return False
    pushed = fact.pushed
    return pushed is None or (pushed.digest, pushed.lifecycle) != (fact.digest, fact.lifecycle)


def put_draft(seen: Seen, content: Content, lifecycle: Lifecycle, author: Identity) -> PutDraft:
    """The change that gives git this content; the first push of a draft records its source."""
    stored = seen.stored
    return PutDraft(
        id=seen.wish.id,
        lifecycle=lifecycle,
        content=content,
        task=RENDER if stored is not None else first_task(seen.wish.source),
        author=author,
        expected=stored.version if stored is not None else None,
    )
