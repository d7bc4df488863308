"""One revision, its user and its operator, over the fakes."""

from dataclasses import replace
from datetime import datetime, timedelta

from porch.api.lifecycle import Lifecycle
from porch.engine.seen import Key, Seen
from porch.engine.sources import Init, Source
from porch.kpt.content import Content
from tests.unit.engine.building import ID, KEY, D
from tests.unit.engine.fake_repository import FakeRepository
from tests.unit.engine.fake_resources import Resources, ResourcesServer
from tests.unit.engine.fakes import NOW, Effect, FakeRenderer, Revision, RevisionsServer, no_effect
from tests.unit.engine.operating import Elsewhere, Operator

MANIFEST = Content.from_texts({"Kptfile": "k", "a.yaml": "a: 1\n"})


class World:
    """One revision, its user and its operator."""

    def __init__(self, source: Source | None = None, wish: Lifecycle = D) -> None:
        self.resources = ResourcesServer()
        self.revisions = RevisionsServer()
        self._time = NOW
        self.repository = FakeRepository(now=self._now)
        self.renderer = FakeRenderer()
        self._sources = {KEY: source} if source is not None else {}
        self.elsewhere = Elsewhere()
        self.operator = self._start()
        if source is not None:
            self.revisions.put(KEY, Revision(ID, wish))

    def _start(self, effect: Effect = no_effect) -> Operator:
        return Operator(
            resources=self.resources,
            revisions=self.revisions,
            repository=self.repository,
            renderer=self.renderer,
            now=self._now,
            effect=effect,
            sources=self._sources,
            elsewhere=self.elsewhere,
        )

    def _now(self) -> datetime:
        self._time += timedelta(milliseconds=1)
        return self._time

    def restart(self, effect: Effect = no_effect) -> None:
        """A new process; `effect` is called after each of its effects."""
        self.operator = self._start(effect)

    def wish(self, lifecycle: Lifecycle) -> None:
        self.revisions.put(KEY, replace(self.revisions.objects[KEY], lifecycle=lifecycle))

    def apply(self, content: Content) -> Resources:
        """A user's write."""
        return self.resources.put(KEY, content)

    def settle(self) -> Seen:
        """The operator lists, works and pushes until nothing is left to do."""
        for _ in range(4):
            self.operator.list(lambda id_: Key("ns", f"repo.{id_.package}.{id_.workspace}"))
            self.operator.cache.deliver()
            seen_ = self.operator.reconcile(KEY)
            self.operator.start_push(KEY)
            self.operator.land_push(KEY)
        assert seen_ is not None
        return seen_

    @property
    def shown(self) -> Resources:
        return self.resources.objects[KEY]


def drafted(source: Source | None = None) -> World:
    """A rendered and pushed draft with the user's manifest."""
    world = World(source or Init("text"))
    world.settle()
    world.apply(MANIFEST)
    world.settle()
    return world
