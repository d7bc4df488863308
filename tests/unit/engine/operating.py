"""An operator over the fakes: observes, lets the engine act, writes the status, pushes drafts.

It dies when an effect raises Killed; a new one then starts with an empty memory.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from porch.engine import executor
from porch.engine.pushes import is_push_due, put_draft
from porch.engine.seen import Home, Key, Seen, Wish
from porch.engine.sources import Source
from porch.engine.world import World
from porch.errors import Conflict
from porch.kpt.content import Content
from porch.storage.adapter import Identity, PutDraft, RevisionId, Unreachable
from porch.storage.known import Known
from tests.unit.engine.fake_repository import FakeRepository
from tests.unit.engine.fake_resources import FakeCache, ResourcesServer
from tests.unit.engine.fakes import (
    NOW,
    FakeAnnouncer,
    FakeLibrary,
    FakeMemory,
    FakeObjects,
    FakeRenderer,
    FakeUpstreams,
    FixedClock,
    InPlace,
    Revision,
    RevisionsServer,
)

AUTHOR = Identity("author", "author@example.org")
T = TypeVar("T")


class Killed(BaseException):
    """The process ended here."""


def finish(coroutine: Coroutine[object, None, T]) -> T:
    """Run what never waits for anything outside."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("a fake waited for something")


@dataclass
class Elsewhere:
    """What there is besides the revision's own repository."""

    library: FakeLibrary = field(default_factory=FakeLibrary)
    upstreams: FakeUpstreams = field(default_factory=FakeUpstreams)
    is_deployment: bool = False  # the revision's own repository

    def effect(self, effect: Callable[[str], None]) -> None:
        """Have an effect called after each read."""
        self.library.effect = self.upstreams.effect = effect


class Operator:
    """One process; `effect` is called after each of its effects."""

    def __init__(
        self,
        *,
        resources: ResourcesServer,
        revisions: RevisionsServer,
        repository: FakeRepository,
        renderer: FakeRenderer,
        now: Callable[[], datetime] = lambda: NOW,
        effect: Callable[[str], None] = lambda name: None,
        sources: dict[Key, Source] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        elsewhere = elsewhere or Elsewhere()
        elsewhere.effect(effect)
        self.cache = FakeCache(resources, effect)
        self.objects = FakeObjects(revisions, effect)
        self.known = Known(repository, now)
        self.announcer = FakeAnnouncer()
        self.in_flight: dict[Key, PutDraft] = {}
        self._revisions = revisions
        self._sources = sources or {}
        self._elsewhere = elsewhere
        self.world = World(
            repository=self.known,
            cache=self.cache,
            objects=self.objects,
            renderer=renderer,
            memory=FakeMemory(),
            library=elsewhere.library,
            upstreams=elsewhere.upstreams,
            workers=InPlace(),
            announcer=self.announcer,
            clock=FixedClock(),
            author=AUTHOR,
        )

    def list(self, name_of: Callable[[RevisionId], Key]) -> None:
        """List the repository, and make objects for what has none."""
        try:
            snapshot = finish(self.known.observe())
        except Unreachable:
            return
        for id_, stored in snapshot.revisions.items():
            if name_of(id_) not in self._revisions.objects:
                made = Revision(id_, stored.lifecycle, finalizer=True)
                self._revisions.put(name_of(id_), made)

    def observe(self, key: Key) -> Seen | None:
        """Everything that decides about a revision, read once."""
        found = self.objects.look(key)
        if found is None:
            return None
        snapshot = self.known.snapshot
        wish = Wish(
            found.id, "repo", found.lifecycle, self._sources.get(key), found.deleting,
            found.finalizer, facts=found.facts,
        )  # fmt: skip
        return Seen(
            key=key,
            wish=wish,
            fact=found.fact,
            home=Home.LISTED if snapshot is not None else Home.UNLISTED,
            deployment=self._elsewhere.is_deployment,
            draft=self.cache.peek(key.namespace, key.name),
            stored=snapshot.revisions.get(found.id) if snapshot is not None else None,
        )

    def reconcile(self, key: Key) -> Seen | None:
        """One pass; None when there is nothing, or somebody wrote the object meanwhile."""
        seen = self.observe(key)
        if seen is None:
            return None
        try:
            seen = finish(executor.run(self.world, seen))
            if self._revisions.objects.get(key) is not None:
                finish(self.objects.write_status(seen))
        except Conflict:
            return None
        return seen

    def start_push(self, key: Key) -> None:
        """Take the newest content of a draft, if git lacks it; it lands later."""
        seen = self.observe(key)
        if seen is None or not is_push_due(seen) or key in self.in_flight:
            return
        content = self._content(seen)
        if content is not None and seen.fact.lifecycle is not None:
            self.in_flight[key] = put_draft(seen, content, seen.fact.lifecycle, AUTHOR)

    def land_push(self, key: Key) -> None:
        """The push reaches the repository."""
        change = self.in_flight.pop(key, None)
        if change is None:
            return
        try:
            finish(self.known.apply(change))
        except Unreachable:
            return

    def is_settled(self, key: Key) -> bool:
        """A pass over the revision writes nothing."""
        before = self.objects.statuses
        seen = self.reconcile(key)
        return seen is None or (self.objects.statuses == before and not is_push_due(seen))

    def _content(self, seen: Seen) -> Content | None:
        if seen.fact.digest is None:
            return None
        remembered = self.world.memory.content(seen.fact.digest)
        if remembered is not None:
            return remembered
        body = finish(self.cache.read(seen.key.namespace, seen.key.name))
        same = body is not None and body.content.digest == seen.fact.digest
        return body.content if body is not None and same else None
