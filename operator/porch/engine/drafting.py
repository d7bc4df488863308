"""Drafts: their first content, their edits, their seal.

Every function takes what is seen and returns what is then seen. Records are written before the
content that they describe, so a crash between the two is read correctly by the next pass
(`record`). A lost race surfaces as DraftChanged and nothing was written.
"""

from dataclasses import replace

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, Shown
from porch.engine.materialising import materialise
from porch.engine.packagefacts import facts_of, settled, with_facts
from porch.engine.ports import Rendering
from porch.engine.record import (
    Edited,
    RenderRecord,
    Unchanged,
    changed_inputs,
    following,
    generated_paths,
    read_edit,
)
from porch.engine.seen import Halt, Seen
from porch.engine.sharing import changed, pushed_of
from porch.engine.world import World
from porch.errors import Waiting
from porch.kpt.content import Content
from porch.kpt.kptfile import KPTFILE
from porch.kpt.renderstatus import differ_in_account_only
from porch.storage.adapter import StoredRevision


class BodyNotRead(Waiting):
    """An action needs the stored content and the plan did not ask for it; our bug."""

    reason = "InternalError"


async def make(world: World, seen: Seen) -> Seen:
    """The first content of a draft, from its source."""
    found = await materialise(world, seen)
    if isinstance(found, Halt):
        return replace(seen, halt=found)
    seen = replace(seen, fact=replace(seen.fact, merge=found.merge))
    made = await _render(world, seen, found.content, over=None)
    if found.merge is not None:
        world.announcer.warn(seen.key, Reason.MERGE_CONFLICTS, str(found.merge))
    return made


async def edit(world: World, seen: Seen) -> Seen:
    """Read what the stored content means, and render it if it says something new."""
    body, record = body_of(seen), seen.fact.record
    if record is None:
        return await _render(world, seen, body.content, over=body)
    if body.content.digest == record.output:
        return await _acknowledge(world, seen)
    rendered = world.memory.content(record.output)
    if record.succeeded and body.content.digest == record.input and rendered is not None:
        return await _store(world, seen, rendered, over=body)
    match read_edit(body.content, record, rendered, world.memory.file):
        case Unchanged(kept):
            return await _store(world, seen, kept, over=body)
        case Edited(content):
            return await _render(world, seen, content, over=body)


async def adopt(world: World, seen: Seen, stored: StoredRevision) -> Seen:
    """Take over a draft that git has: it is the next input, unless it is our own last output."""
    content = await world.repository.read(stored)
    record = seen.fact.record
    if record is not None and content.digest == record.output == seen.fact.digest:
        lifecycle = seen.fact.lifecycle or Lifecycle.DRAFT
        adopted = await _store(world, seen, content, over=None, lifecycle=lifecycle)
    else:
        rendering = await world.renderer.render(_with_facts(seen, content))
        is_news = not differ_in_account_only(content, rendering.content)
        kept = rendering.content if rendering.succeeded and is_news else content
        adopted = await _record(world, seen, content, rendering, kept=kept, over=seen.body)
    fact = replace(adopted.fact, pushed=pushed_of(stored), unconfirmed=())
    return replace(adopted, fact=fact)


async def write_metadata(world: World, seen: Seen) -> Seen:
    """Give the Kptfile the labels, annotations and gates that `spec` has now."""
    body, record = body_of(seen), seen.fact.record
    if record is None or body.content.digest != record.output:
        return unrendered(seen)
    return await _render(world, seen, body.content, over=body)


async def seal(world: World, seen: Seen) -> Seen:
    """Close exactly the rendered content; an edit that came first is rendered first."""
    body, record = body_of(seen), seen.fact.record
    if record is None or body.content.digest != record.output:
        return unrendered(seen)
    sealed = await world.cache.mark(
        seen.key.namespace, seen.key.name, Lifecycle.PROPOSED, over=body
    )
    world.announcer.done(seen.key, "Proposed", f"proposed with content {record.output}")
    return with_body(seen, sealed, lifecycle=Lifecycle.PROPOSED)


def body_of(seen: Seen) -> Draft:
    """The stored content, which the plan had read before it asked for this action."""
    if seen.body is None:
        raise BodyNotRead(f"{seen.key}: the content was not read")
    return seen.body


def with_body(seen: Seen, body: Draft, *, lifecycle: Lifecycle) -> Seen:
    """What is seen after a write of ours to the stored content."""
    record = seen.fact.record
    fact = replace(
        changed(seen.fact, body.content.digest, lifecycle),
        record=record and replace(record, resources_generation=body.head.generation),
    )
    return replace(seen, fact=fact, body=body, draft=body.head)


def unrendered(seen: Seen) -> Seen:
    """Forget that the stored content counts as rendered, so that the plan looks at it."""
    record = seen.fact.record
    forgotten = record and replace(record, resources_generation=0)
    return replace(seen, fact=replace(seen.fact, record=forgotten))


async def put(
    world: World, seen: Seen, content: Content, view: Shown, *, over: Draft | None
) -> Draft:
    """Write content, unsealing what is sealed with other content first."""
    namespace, name = seen.key.namespace, seen.key.name
    sealed = over is not None and over.lifecycle is not None and over.lifecycle.is_sealed
    if over is not None and sealed and over.content.digest != content.digest:
        over = await world.cache.mark(namespace, name, Lifecycle.DRAFT, over=over)
    return await world.cache.write(namespace, name, content, shown=view, over=over)


def shown(seen: Seen, lifecycle: Lifecycle, *, revision: int = 0, error: str = "") -> Shown:
    """What the stored content shows beside its files."""
    return Shown(
        package=seen.wish.id.package,
        workspace=seen.wish.id.workspace,
        repository=seen.wish.repository,
        revision=revision,
        lifecycle=lifecycle,
        error=error,
        results=b"",
    )


async def _render(world: World, seen: Seen, content: Content, *, over: Draft | None) -> Seen:
    """Render; when that fails the user's files stay as they wrote them."""
    rendering = await world.renderer.render(_with_facts(seen, content))
    written = over.content if over is not None else content
    kept = rendering.content if rendering.succeeded else written
    return await _record(world, seen, content, rendering, kept=kept, over=over)


async def _record(
    world: World,
    seen: Seen,
    content: Content,
    rendering: Rendering,
    *,
    kept: Content,
    over: Draft | None,
) -> Seen:
    """Write the record, then the content that is kept."""
    before = seen.fact.record
    record = RenderRecord(
        input=content.digest,
        output=kept.digest,
        succeeded=rendering.succeeded,
        error=rendering.error,
        inputs=changed_inputs(content, kept),
        generated=generated_paths(content, kept),
        functions=rendering.functions,
        finished_at=world.clock.now(),
    )
    if before is not None and before.succeeded and before.output == content.digest:
        record = following(before, record)
    world.memory.keep(content)
    world.memory.keep(kept)
    if rendering.succeeded:
        seen = await show_facts(world, seen, kept)
    seen = replace(seen, fact=replace(seen.fact, record=record))
    await world.objects.write_status(seen)
    if not rendering.succeeded:
        world.announcer.warn(seen.key, "RenderFailed", rendering.error)
    elif rendering.functions:
        world.announcer.done(seen.key, "Rendered", record.what_ran)
    return await _store(world, seen, kept, over=over, results=rendering.results)


async def show_facts(world: World, seen: Seen, content: Content) -> Seen:
    """Let `spec` say of the package what its Kptfile says; that both do so is remembered.

    NB: `spec` first. After a crash between the two, both say the same and nobody has changed.
    """
    facts, wish = facts_of(content) or seen.wish.facts, seen.wish
    if facts.digest != wish.facts.digest:
        generation = await world.objects.set_facts(seen.key, facts, over=wish.facts)
        wish = replace(wish, facts=facts, generation=generation)
    return replace(seen, wish=wish, fact=replace(seen.fact, facts=facts.digest))


def _with_facts(seen: Seen, content: Content) -> Content:
    """The content with what `spec` adds to it or changed about it."""
    kptfile, record = facts_of(content), seen.fact.record
    if kptfile is None:
        return content
    is_same = record is not None and (
        content.digest == record.input
        or content[KPTFILE].blob == (record.inputs or {}).get(KPTFILE)
    )
    facts = settled(seen.wish.facts, kptfile, known=seen.fact.facts, is_same_file=is_same)
    return content if facts.digest == kptfile.digest else with_facts(content, facts)


async def _store(
    world: World,
    seen: Seen,
    content: Content,
    *,
    over: Draft | None,
    lifecycle: Lifecycle = Lifecycle.DRAFT,
    results: bytes = b"",
) -> Seen:
    record = seen.fact.record
    view = shown(seen, lifecycle, error=record.error if record is not None else "")
    if record is not None:
        view = replace(view, results=results, rendered_at=record.finished_at)
    return with_body(seen, await put(world, seen, content, view, over=over), lifecycle=lifecycle)


async def _acknowledge(world: World, seen: Seen) -> Seen:
    """The stored content is the rendered one; only that we know it was lost, or that it is sealed.

    NB: a seal that a crash kept out of the status counts: it may have been published since.
    """
    body = body_of(seen)
    if body.head.rendered_generation != body.head.generation:
        body = await world.cache.acknowledge(seen.key.namespace, seen.key.name, over=body)
    sealed = body.lifecycle is not None and body.lifecycle.is_sealed
    return with_body(seen, body, lifecycle=Lifecycle.PROPOSED if sealed else Lifecycle.DRAFT)
