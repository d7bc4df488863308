"""Carries the plan out: one action at a time, each idempotent, then asks the plan again.

An expected refusal becomes a Halt on what is returned; a lost race becomes a new look at the
content; everything else is an exception of the tree of errors and the work queue's business.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from porch.cache.protocol import DraftChanged
from porch.engine import drafting, leaving, plan, publishing
from porch.engine.seen import Halt, Seen
from porch.engine.world import World
from porch.errors import PorchError

MAX_STEPS = 24  # a whole life in one breath takes about ten; more is a loop, and our bug

Perform = Callable[[World, Seen], Awaitable[Seen]]


class PlanDoesNotConverge(PorchError):
    """The plan kept asking for more; this is our bug."""

    reason = "InternalError"


async def run(world: World, seen: Seen) -> Seen:
    """Bring the revision as far as it can come; the result is what is then true."""
    seen = replace(seen, halt=None)
    for _ in range(MAX_STEPS):
        match plan.plan(seen):
            case None:
                return seen
            case Halt() as halt:
                return replace(seen, halt=halt)
            case action:
                seen = await _perform(world, seen, action)
        if seen.halt is not None or isinstance(action, plan.Release | plan.Forget):
            return seen
    raise PlanDoesNotConverge(f"{seen.key}: no end after {MAX_STEPS} steps, the last {action}")


async def _perform(world: World, seen: Seen, action: plan.Action) -> Seen:
    try:
        match action:
            case plan.AdoptDraft(stored):
                return await drafting.adopt(world, seen, stored)
            case plan.Record(stored):
                return await publishing.record(world, seen, stored)
            case plan.Show(stored):
                return await publishing.show(world, seen, stored)
            case plan.SetWish(lifecycle, why):
                return await publishing.set_wish(world, seen, lifecycle, why)
            case _:
                return await _PERFORM[type(action)](world, seen)
    except DraftChanged:
        head = world.cache.peek(seen.key.namespace, seen.key.name)
        return replace(seen, body=None, draft=head)


async def _add_finalizer(world: World, seen: Seen) -> Seen:
    await world.objects.add_finalizer(seen.key)
    return replace(seen, wish=replace(seen.wish, finalizer=True))


async def _read_body(world: World, seen: Seen) -> Seen:
    body = await world.cache.read(seen.key.namespace, seen.key.name)
    return replace(seen, body=body, draft=body.head if body else None)


_PERFORM: dict[type[plan.Action], Perform] = {
    plan.AddFinalizer: _add_finalizer,
    plan.ReadBody: _read_body,
    plan.MakeDraft: drafting.make,
    plan.RenderEdit: drafting.edit,
    plan.Seal: drafting.seal,
    plan.Reopen: publishing.reopen,
    plan.Publish: publishing.publish,
    plan.ProposeDeletion: publishing.propose_deletion,
    plan.UndoDeletion: publishing.undo_deletion,
    plan.Forget: leaving.forget,
    plan.DeleteStored: publishing.delete_stored,
    plan.FlushDraft: leaving.flush,
    plan.DeleteBody: leaving.delete_body,
    plan.Release: leaving.release,
}
