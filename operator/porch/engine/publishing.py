"""Proposals and publications: what git must agree to.

Every function takes what is seen and returns what is then seen. Git decides: a refusal becomes a
Halt with the server's words, a draft that somebody else moved is never overwritten.
"""

from dataclasses import replace

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import ContentTooLarge, Draft, Inline, Withheld
from porch.engine.drafting import body_of, put, show_facts, shown, unrendered, with_body
from porch.engine.packagefacts import unmet_gates
from porch.engine.pushes import put_draft
from porch.engine.record import published_record
from porch.engine.seen import Fact, Halt, Publication, Seen
from porch.engine.sharing import is_ours, lease, on_its_way, open_copy
from porch.engine.sources import first_task
from porch.engine.world import World
from porch.kpt.content import Content
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

NO_FILES = Content({})


async def reopen(world: World, seen: Seen) -> Seen:
    """Make a proposal a draft again, in git first: a publication under way loses its lease.

    What git is about to be told is written down before: after a crash it is known as our own move,
    whatever is wished by then.
    """
    body, theirs = body_of(seen), open_copy(seen)
    if theirs is not None and theirs.lifecycle is Lifecycle.PROPOSED and is_ours(seen):
        seen = replace(seen, fact=on_its_way(seen.fact, body.content.digest, Lifecycle.DRAFT))
        await world.objects.write_status(seen)
        change = put_draft(seen, body.content, Lifecycle.DRAFT, world.author)
        seen = await _change(world, seen, change)
        still = seen.stored is not None and seen.stored.lifecycle is not Lifecycle.DRAFT
        if seen.halt is not None or still:
            return seen
    was_rendered = body.content.digest == seen.fact.digest
    if not was_rendered:  # created again: its generations may repeat those that the record knows
        await world.objects.write_status(unrendered(seen))
    opened = await world.cache.mark(seen.key.namespace, seen.key.name, Lifecycle.DRAFT, over=body)
    world.announcer.done(seen.key, "Reopened", "is a draft again")
    seen = with_body(seen, opened, lifecycle=Lifecycle.DRAFT)
    return seen if was_rendered else unrendered(seen)


async def publish(world: World, seen: Seen) -> Seen:
    """Publish the sealed content; repeated after a crash, git recognises it."""
    change = Publish(
        id=seen.wish.id,
        content=body_of(seen).content,
        task=first_task(seen.wish.source),
        author=world.author,
        expected=lease(seen),
    )
    seen = await _change(world, seen, change)
    stored = seen.stored
    if stored is not None and stored.lifecycle is Lifecycle.PUBLISHED:
        words = f"published as revision {stored.revision}, {stored.lock.ref}"
        world.announcer.done(seen.key, "Published", words)
        unmet = unmet_gates(change.content)
        if unmet:
            words = f"published although readiness gates are not met: {', '.join(unmet)}"
            world.announcer.warn(seen.key, "PublishedUnready", words)
    return seen


async def record(world: World, seen: Seen, stored: StoredRevision) -> Seen:
    """Resources first, status last: a crash between is met by this action again.

    NB: resources that nobody has told us of are met here, while they are still an edit; under a
    status that says Published they would be overwritten. Of a repository with a past, only those
    come first that are known.
    """
    if seen.draft is not None or seen.body is not None or not seen.is_settling:
        seen = await show(world, seen, stored)
    publication = Publication(
        stored.revision, stored.lock, stored.published_by, stored.published_at
    )
    rendered = seen.fact.record
    fact = Fact(
        lifecycle=stored.lifecycle,
        digest=stored.digest,
        record=published_record(rendered)
        if rendered is not None and rendered.output == stored.digest
        else None,
        publication=publication,
        facts=seen.fact.facts,
    )
    return replace(seen, fact=fact)


async def restore_metadata(world: World, seen: Seen) -> Seen:
    """Let `spec` say again what the Kptfile of the published content says."""
    body = body_of(seen)
    if body.head.inline is Inline.YES or seen.stored is None:
        return await _show_metadata(world, seen, body.content)
    return await _show_metadata(world, seen, await world.repository.read(seen.stored))


async def _show_metadata(world: World, seen: Seen, content: Content) -> Seen:
    """What is published does not change: an edit of `spec` comes to nothing, and that is told."""
    known, said = seen.fact.facts, seen.wish.facts
    seen = await show_facts(world, seen, content)
    if known in (None, said.digest) or said.digest == seen.fact.facts:
        return seen
    words = "a published package keeps its labels, annotations and gates; `spec` was set back"
    world.announcer.warn(seen.key, "MetadataFollowsContent", words)
    return seen


async def show(world: World, seen: Seen, stored: StoredRevision) -> Seen:
    """The resources of a published revision hold its content, or say where it is, for ever."""
    namespace, name = seen.key.namespace, seen.key.name
    body = seen.body
    if body is None and seen.draft is not None:
        body = await world.cache.read(namespace, name)
    if body is None or not _shows(body, seen, stored):
        content = await world.repository.read(stored)
        body = await _shown(world, seen, stored, content, over=body)
        seen = replace(seen, withheld=content if body.head.inline is not Inline.YES else None)
    elif body.lifecycle is not stored.lifecycle:
        body = await world.cache.mark(
            namespace, name, stored.lifecycle, over=body, revision=stored.revision
        )
    elif body.head.rendered_generation != body.head.generation:
        body = await world.cache.acknowledge(namespace, name, over=body)
    seen = replace(seen, body=body, draft=body.head)
    known = body.content if body.head.inline is Inline.YES else seen.withheld
    return seen if known is None else await _show_metadata(world, seen, known)


def _shows(body: Draft, seen: Seen, stored: StoredRevision) -> bool:
    match body.head.inline:
        case Inline.TOO_LARGE:
            return seen.is_inline
        case Inline.NO:
            return not seen.is_inline
        case Inline.YES:
            return seen.is_inline and body.content.digest == stored.digest


async def _shown(
    world: World, seen: Seen, stored: StoredRevision, content: Content, *, over: Draft | None
) -> Draft:
    view = shown(seen, stored.lifecycle, revision=stored.revision)
    if not seen.is_inline:
        why = "by the policy or the budget of its Repository (`spec.inline`)"
        return await _withhold(world, seen, stored, over=over, inline=Inline.NO, why=why)
    try:
        return await put(world, seen, content, view, over=over)
    except ContentTooLarge as err:
        too_large = Inline.TOO_LARGE
        return await _withhold(world, seen, stored, over=over, inline=too_large, why=str(err))


async def _withhold(
    world: World,
    seen: Seen,
    stored: StoredRevision,
    *,
    over: Draft | None,
    inline: Inline,
    why: str,
) -> Draft:
    """Keep the object without the files."""
    lock = stored.lock
    words = (
        f"the files are not in this object, {why}; they are in {lock.repo}, "
        f"directory {lock.directory!r} of {lock.ref!r}"
    )
    withheld = Withheld(inline, words, world.clock.now())
    view = replace(shown(seen, stored.lifecycle, revision=stored.revision), withheld=withheld)
    return await put(world, seen, NO_FILES, view, over=over)


async def propose_deletion(world: World, seen: Seen) -> Seen:
    """Mark the revision in git."""
    seen = await _change(world, seen, ProposeDeletion(seen.wish.id))
    if _is_stored_as(seen, Lifecycle.DELETION_PROPOSED):
        world.announcer.done(seen.key, "DeletionProposed", "proposed for deletion")
    return seen


async def undo_deletion(world: World, seen: Seen) -> Seen:
    """Take the mark away."""
    seen = await _change(world, seen, UndoDeletion(seen.wish.id))
    if _is_stored_as(seen, Lifecycle.PUBLISHED):
        world.announcer.done(seen.key, "DeletionRejected", "no longer proposed for deletion")
    return seen


async def delete_stored(world: World, seen: Seen) -> Seen:
    """Remove the revision from git."""
    version = seen.stored.version if seen.stored else None
    return await _change(world, seen, Delete(seen.wish.id, version))


async def set_wish(world: World, seen: Seen, lifecycle: Lifecycle, why: str) -> Seen:
    """Git wins: the wish follows it."""
    generation = await world.objects.set_lifecycle(seen.key, lifecycle)
    words = f"`spec.lifecycle` was set to {lifecycle}: {why}"
    world.announcer.warn(seen.key, "LifecycleFollowsGit", words)
    wish = replace(seen.wish, lifecycle=lifecycle, generation=generation)
    followed = replace(seen, wish=wish)
    pushed, theirs = seen.fact.pushed, open_copy(seen)
    if pushed is None or theirs is None:
        return followed
    heard = replace(pushed, lifecycle=theirs.lifecycle)
    return replace(followed, fact=replace(seen.fact, pushed=heard))


async def _change(world: World, seen: Seen, change: Change) -> Seen:
    """Bring a change about; when the revision had moved, it is looked at again as it is now."""
    match await world.repository.apply(change):
        case Stored(found) | Moved(found):
            return replace(seen, stored=found)
        case Refused(message):
            words = (
                f"the repository refused it: {message}; allow it there (branch protection, hooks, "
                "limits) or change the package. It is tried again by itself every few minutes"
            )
            return replace(seen, halt=Halt(Reason.PUSH_REFUSED, words, stalled=True))


def _is_stored_as(seen: Seen, lifecycle: Lifecycle) -> bool:
    return seen.stored is not None and seen.stored.lifecycle is lifecycle
