"""Builders of what is seen: each takes only what a test is about."""

from dataclasses import replace

from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, DraftHead
from porch.engine.actions import SetWish
from porch.engine.packagefacts import NOTHING_SAID
from porch.engine.plan import plan
from porch.engine.record import RenderRecord
from porch.engine.seen import Fact, Halt, Home, Key, Publication, Pushed, Seen, Wish
from porch.engine.sources import Source
from porch.kpt.content import Content, Digest
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Version

D, P = Lifecycle.DRAFT, Lifecycle.PROPOSED
PUB, DEL = Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED

ID = RevisionId("app", "v1")
KEY = Key("ns", "repo.app.v1")
OURS = Content.from_texts({"Kptfile": "ours"})
BEFORE = Content.from_texts({"Kptfile": "before"})
THEIRS = Content.from_texts({"Kptfile": "theirs"})
GENERATION = 3
GENERATION_AFTER = 4  # of a write after our last one


def stored(lifecycle: Lifecycle, content: Content = OURS, *, version: str = "c1") -> StoredRevision:
    """A revision as the repository holds it."""
    ref = f"{lifecycle.lower()}/app/v1"
    number = 1 if lifecycle.is_published else 0
    lock = Lock("https://example.org/r.git", "app", ref, version)
    return StoredRevision(ID, lifecycle, number, content.digest, Version(version), lock)


def pushed(lifecycle: Lifecycle, content: Content = OURS) -> Pushed:
    """A state that git was known to hold."""
    return Pushed(content.digest, lifecycle)


def record(
    output: Content = OURS, *, succeeded: bool = True, generation: int = GENERATION
) -> RenderRecord:
    """The record of a render."""
    error = "" if succeeded else "function 'x' failed"
    digest = output.digest
    return RenderRecord(digest, digest, succeeded, error, {}, resources_generation=generation)


def body(
    content: Content = OURS,
    *,
    sealed: Lifecycle | None = D,
    generation: int = GENERATION,
    noted: int | None = GENERATION,
) -> Draft:
    """Stored content that was read; by default what our last write left."""
    return Draft(DraftHead(generation, "7", noted), content, sealed)


def publication(of: StoredRevision) -> Publication:
    """The facts of a published revision that was recorded."""
    return Publication(of.revision, of.lock, "", None)


def seen(
    fact: Lifecycle | None,
    wish: Lifecycle,
    *,
    content: Draft | None = None,
    read: bool = False,
    known: RenderRecord | None = None,
    holds: StoredRevision | None = None,
    base: Pushed | None = None,
    unconfirmed: tuple[Pushed, ...] = (),
    digest: Digest | None = None,
    home: Home = Home.LISTED,
    source: Source | None = None,
    deleting: bool = False,
    finalizer: bool = True,
    facts: str | None = NOTHING_SAID.digest,
) -> Seen:
    """A revision; an established one has rendered content unless the test says otherwise."""
    final = fact is not None and fact.is_published
    published = publication(holds) if final and holds is not None else None
    return Seen(
        key=KEY,
        wish=Wish(ID, "repo", wish, source, deleting, finalizer),
        fact=Fact(
            lifecycle=fact,
            digest=digest or (OURS.digest if fact is not None else None),
            record=known,
            pushed=base,
            unconfirmed=unconfirmed,
            publication=published,
            facts=facts,
        ),
        home=home,
        draft=content.head if content is not None else None,
        body=content if read else None,
        stored=holds,
    )


def established(fact: Lifecycle, wish: Lifecycle, **changes: object) -> Seen:
    """A revision whose content was rendered and read."""
    sealed = body(sealed=fact)
    usual: dict[str, object] = {"content": sealed, "read": True, "known": record()}
    return seen(fact, wish, **(usual | changes))  # type: ignore[arg-type]


def halted(looked_at: Seen) -> Halt:
    """The Halt that the plan ends in."""
    step = plan(looked_at)
    assert isinstance(step, Halt)
    return step


def wished(looked_at: Seen) -> Lifecycle:
    """The wish that the plan sets."""
    step = plan(looked_at)
    assert isinstance(step, SetWish)
    return step.lifecycle


def unread(looked_at: Seen) -> Seen:
    """The same, before the content was read."""
    return replace(looked_at, body=None)
