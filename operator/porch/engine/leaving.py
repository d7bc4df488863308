"""How an object goes: what is saved first, what is removed, in which order."""

import asyncio
from dataclasses import replace

from porch.api.lifecycle import Lifecycle
from porch.engine.pushes import put_draft
from porch.engine.seen import Seen
from porch.engine.world import World
from porch.errors import PorchError
from porch.kpt.content import Content
from porch.storage.adapter import Moved, Refused, Stored

_LOOKS = 3  # at a branch that moves under a last push, our own late pushes among them


async def forget(world: World, seen: Seen) -> Seen:
    """Remove an object whose revision git no longer has."""
    await world.cache.delete(seen.key.namespace, seen.key.name)
    await world.objects.remove(seen.key)
    world.announcer.done(seen.key, "Removed", "the repository no longer has this revision")
    return seen


async def flush(world: World, seen: Seen) -> Seen:
    """A home that goes takes nothing along that only we have, if git can still be reached.

    NB: a namespace or a kind that goes may take the resources first, which nothing holds back; what
    was rendered last is still in memory then.
    """
    body = seen.body or await world.cache.read(seen.key.namespace, seen.key.name)
    if body is None and _git_has_the_last(seen):
        return await release(world, seen)
    last = world.memory.content(seen.fact.digest) if seen.fact.digest is not None else None
    content = body.content if body is not None else last
    if content is None:
        lost = f"its resources went before it, and content {seen.fact.digest} is not at hand"
    else:
        lost = await _last_push(world, seen, content)
    if lost:
        words = f"removed without a copy in git: {lost}"
        world.announcer.warn(seen.key, "DraftNotPushed", words)
    else:
        world.announcer.done(seen.key, "DraftPushed", "unpushed content was saved to git")
    return await release(world, seen)


def _git_has_the_last(seen: Seen) -> bool:
    """There never was content, or git holds what the status tells of."""
    held = [each.digest for each in (seen.fact.pushed, seen.stored) if each is not None]
    return seen.fact.digest is None or seen.fact.digest in held


async def release(world: World, seen: Seen) -> Seen:
    """Remove the content, then let the object go.

    NB: the content is asked for even when the watch has not told of any: nobody else removes it.
    """
    await world.cache.delete(seen.key.namespace, seen.key.name)
    await world.objects.release(seen.key)
    return replace(seen, wish=replace(seen.wish, finalizer=False), draft=None, body=None)


async def _last_push(world: World, seen: Seen, content: Content) -> str:
    """Why the content could not be saved, or "" when it was."""
    try:
        async with asyncio.timeout(world.flush_limit.total_seconds()):
            return await _push(world, seen, content)
    except TimeoutError:
        return f"the repository did not answer within {world.flush_limit.total_seconds():.0f} s"
    except PorchError as err:
        return str(err)


async def _push(world: World, seen: Seen, content: Content) -> str:
    lifecycle = seen.fact.lifecycle or Lifecycle.DRAFT
    for _ in range(_LOOKS):
        change = put_draft(seen, content, lifecycle, world.author)
        match await world.repository.apply(change):
            case Stored():
                return ""
            case Moved(found) if found is not None and found.digest == content.digest:
                return ""
            case Moved(found):
                seen = replace(seen, stored=found)
            case Refused(message):
                return message
    return "somebody else changed the draft's branch"
