"""Carries the plan out: one action at a time, each idempotent, then asks the plan again.

An expected refusal becomes a Halt on what is returned, a lost race for the content becomes a new
look at it. Any other error of the tree is returned as well, with what was reached before it, so
that no progress is forgotten: `halt` tells of it and `error` is for the work queue. What an action
had written down before it failed (a record, a push that is due) counts as reached. A Conflict is
raised: somebody wrote the object, and what is known of it is out of date.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from porch.cache.protocol import Draft, DraftChanged
from porch.engine import actions, drafting, leaving, publishing
from porch.engine.plan import facts_differ, is_known, plan
from porch.engine.ports import Objects
from porch.engine.seen import Halt, Seen
from porch.engine.sharing import confirmed
from porch.engine.world import World
from porch.errors import Conflict, Disposition, PorchError

MAX_STEPS = 24  # a whole life in one breath takes about ten; more is a loop, and our bug

_LAST = (actions.Release, actions.FlushDraft, actions.Forget)  # the object is gone afterwards

Perform = Callable[[World, Seen], Awaitable[Seen]]


class PlanDoesNotConverge(PorchError):
    """The plan kept asking for more; this is our bug."""

    reason = "InternalError"


async def run(world: World, seen: Seen) -> Seen:
    """Bring the revision as far as it can come; the result is what is then true."""
    seen = replace(seen, halt=None, error=None)
    for _ in range(MAX_STEPS):
        seen = confirmed(seen)
        match plan(seen):
            case None:
                return seen
            case Halt() as halt:
                return replace(seen, halt=halt)
            case action:
                seen = await _attempt(world, seen, action)
        if seen.halt is not None or isinstance(action, _LAST):
            return seen
    raise PlanDoesNotConverge(f"{seen.key}: no end after {MAX_STEPS} steps, the last {action}")


async def _attempt(world: World, seen: Seen, action: actions.Action) -> Seen:
    notes = _Notes(world.objects, seen)
    try:
        return await _perform(replace(world, objects=notes), seen, action)
    except DraftChanged:
        return await _read_again(world, notes.written)  # the watch may not have told us yet
    except Conflict:
        raise
    except PorchError as err:
        halt = Halt(err.reason, str(err), stalled=err.disposition is Disposition.STALL)
        return replace(notes.written, halt=halt, error=err)


class _Notes:
    """The objects, and what an action has last written down of what it sees."""

    def __init__(self, objects: Objects, seen: Seen) -> None:
        self._objects = objects
        self.written = seen
        self.add_finalizer = objects.add_finalizer
        self.release = objects.release
        self.set_lifecycle = objects.set_lifecycle
        self.set_facts = objects.set_facts
        self.remove = objects.remove

    async def write_status(self, seen: Seen) -> None:
        """Write, and remember."""
        await self._objects.write_status(seen)
        self.written = seen


async def _perform(world: World, seen: Seen, action: actions.Action) -> Seen:
    match action:
        case actions.AdoptDraft(stored):
            return await drafting.adopt(world, seen, stored)
        case actions.Record(stored):
            return await publishing.record(world, seen, stored)
        case actions.Show(stored):
            return await publishing.show(world, seen, stored)
        case actions.SetWish(lifecycle, why):
            return await publishing.set_wish(world, seen, lifecycle, why)
        case _:
            return await _PERFORM[type(action)](world, seen)


async def _add_finalizer(world: World, seen: Seen) -> Seen:
    await world.objects.add_finalizer(seen.key)
    return replace(seen, wish=replace(seen.wish, finalizer=True))


async def _read_body(world: World, seen: Seen) -> Seen:
    """Our own last write, if that is what was last heard of and its bytes are still at hand.

    NB: what came since unheard stops the next write, and then the content is read.
    """
    if is_known(seen) and not facts_differ(seen) and seen.draft is not None:
        content = world.memory.content(seen.fact.digest) if seen.fact.digest else None
        if content is not None:
            return replace(seen, body=Draft(seen.draft, content, seen.fact.lifecycle))
    return await _read_again(world, seen)


async def _read_again(world: World, seen: Seen) -> Seen:
    body = await world.cache.read(seen.key.namespace, seen.key.name)
    return replace(seen, body=body, draft=body.head if body else None)


_PERFORM: dict[type[actions.Action], Perform] = {
    actions.AddFinalizer: _add_finalizer,
    actions.ReadBody: _read_body,
    actions.MakeDraft: drafting.make,
    actions.RenderEdit: drafting.edit,
    actions.WriteMetadata: drafting.write_metadata,
    actions.RestoreMetadata: publishing.restore_metadata,
    actions.Seal: drafting.seal,
    actions.Reopen: publishing.reopen,
    actions.Publish: publishing.publish,
    actions.ProposeDeletion: publishing.propose_deletion,
    actions.UndoDeletion: publishing.undo_deletion,
    actions.Forget: leaving.forget,
    actions.DeleteStored: publishing.delete_stored,
    actions.FlushDraft: leaving.flush,
    actions.Release: leaving.release,
}
