"""Proposals and publications: what git must agree to.

Every function takes what is seen and returns what is then seen. Git decides: a refusal becomes a
Halt with the server's words, a draft that somebody else moved is never overwritten.
"""

from dataclasses import replace

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine.drafting import body_of, shown, with_body
from porch.engine.pushes import put_draft
from porch.engine.seen import Fact, Halt, Publication, Seen
from porch.engine.sources import first_task
from porch.engine.world import World
from porch.storage.adapter import (
    Change,
    Delete,
    Moved,
    ProposeDeletion,
    Publish,
    Refused,
    Stored,
    StoredRevision,
    UndoDeletion,
)


async def reopen(world: World, seen: Seen) -> Seen:
    """Make a proposal a draft again, in git first: a publication under way loses its lease."""
    pushed, body = seen.fact.pushed, body_of(seen)
    if pushed is not None and pushed.lifecycle is Lifecycle.PROPOSED:
        change = put_draft(seen, body.content, Lifecycle.DRAFT, world.author)
        seen = await _change(world, seen, change)
        if seen.halt is not None:
            return seen
        pushed = replace(pushed, lifecycle=Lifecycle.DRAFT)
    opened = await world.cache.mark(seen.key.namespace, seen.key.name, Lifecycle.DRAFT, over=body)
    world.announcer.done(seen.key, "Reopened", "is a draft again")
    seen = with_body(seen, opened, lifecycle=Lifecycle.DRAFT)
    return replace(seen, fact=replace(seen.fact, pushed=pushed))


async def publish(world: World, seen: Seen) -> Seen:
    """Publish the sealed content; repeated after a crash, git recognises it."""
    change = Publish(
        id=seen.wish.id,
        content=body_of(seen).content,
        task=first_task(seen.wish.source),
        author=world.author,
        expected=seen.stored.version if seen.stored else None,
    )
    seen = await _change(world, seen, change)
    if seen.halt is None and seen.stored is not None:
        stored = seen.stored
        words = f"published as revision {stored.revision}, {stored.lock.ref}"
        world.announcer.done(seen.key, "Published", words)
    return seen


async def record(world: World, seen: Seen, stored: StoredRevision) -> Seen:
    """Resources first, status last: a crash between them is met by this action again."""
    if seen.draft is not None:
        seen = await show(world, seen, stored)
    publication = Publication(
        stored.revision, stored.lock, stored.published_by, stored.published_at
    )
    fact = Fact(
        lifecycle=stored.lifecycle,
        digest=stored.digest,
        record=seen.fact.record,
        publication=publication,
    )
    return replace(seen, fact=fact)


async def show(world: World, seen: Seen, stored: StoredRevision) -> Seen:
    """The resources of a published revision hold its content, closed for ever."""
    namespace, name = seen.key.namespace, seen.key.name
    body = seen.body or await world.cache.read(namespace, name)
    if body is not None and body.content.digest == stored.digest:
        marked = await world.cache.mark(
            namespace, name, stored.lifecycle, over=body, revision=stored.revision
        )
        return replace(seen, body=marked, draft=marked.head)
    content = await world.repository.read(stored)
    view = shown(seen, stored.lifecycle, revision=stored.revision)
    written = await world.cache.write(namespace, name, content, shown=view, over=body)
    return replace(seen, body=written, draft=written.head)


async def propose_deletion(world: World, seen: Seen) -> Seen:
    """Mark the revision in git."""
    seen = await _change(world, seen, ProposeDeletion(seen.wish.id))
    return _announced(world, seen, "DeletionProposed", "proposed for deletion")


async def undo_deletion(world: World, seen: Seen) -> Seen:
    """Take the mark away."""
    seen = await _change(world, seen, UndoDeletion(seen.wish.id))
    return _announced(world, seen, "DeletionRejected", "no longer proposed for deletion")


async def delete_stored(world: World, seen: Seen) -> Seen:
    """Remove the revision from git."""
    version = seen.stored.version if seen.stored else None
    seen = await _change(world, seen, Delete(seen.wish.id, version))
    return replace(seen, fact=replace(seen.fact, pushed=None))


async def set_wish(world: World, seen: Seen, lifecycle: Lifecycle, why: str) -> Seen:
    """Git wins: the wish follows it."""
    await world.objects.set_lifecycle(seen.key, lifecycle)
    words = f"`spec.lifecycle` was set to {lifecycle}: {why}"
    world.announcer.warn(seen.key, "LifecycleFollowsGit", words)
    return replace(seen, wish=replace(seen.wish, lifecycle=lifecycle))


async def _change(world: World, seen: Seen, change: Change) -> Seen:
    match await world.repository.apply(change):
        case Stored(stored):
            return replace(seen, stored=stored)
        case Moved(found):
            return _moved(seen, found)
        case Refused(message):
            words = f"the repository refused it: {message}"
            return replace(seen, halt=Halt(Reason.PUSH_REFUSED, words, stalled=True))


def _moved(seen: Seen, found: StoredRevision | None) -> Seen:
    """Our own push that we had not heard of is looked at again; another's content is not ours."""
    pushed = seen.fact.pushed
    ours = {seen.fact.digest, pushed.digest if pushed else None}
    if found is None or found.digest in ours or found.revision != 0:
        return replace(seen, stored=found)
    halt = Halt(
        Reason.DRAFT_MOVED,
        f"somebody else gave the draft's branch the content {found.digest}, while ours is "
        f"{seen.fact.digest}; both are kept. Remove or reset branch {found.lock.ref!r} to go on "
        "with ours, or delete this revision to take theirs",
        stalled=True,
    )
    return replace(seen, halt=halt, fact=replace(seen.fact, diverged=found.digest))


def _announced(world: World, seen: Seen, reason: str, words: str) -> Seen:
    if seen.halt is None:
        world.announcer.done(seen.key, reason, words)
    return seen
