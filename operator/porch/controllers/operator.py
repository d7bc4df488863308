"""The operator, put together: stores, queues, adapters, and what wakes what.

Repository event ──► repositories queue ──► listing ──► objects made, revisions woken
PackageRevision event, resources event ──► revisions queue ──► plan, act, status
a draft that git lacks ──► pushes queue
a change of any revision ──► packages queue ──► latest label, PorchPackage
"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from porch.api.functionconfig import FunctionConfig, FunctionConfigSpec
from porch.api.lifecycle import Lifecycle
from porch.api.package import PorchPackage
from porch.api.packagerevision import PackageRevision
from porch.api.repository import Repository
from porch.cache.cr import RESOURCES, CrCache, CrCacheSettings
from porch.cache.recent import RecentContents
from porch.controllers.announcer import Announcer
from porch.controllers.discoveredobjects import DiscoveredObjects
from porch.controllers.homes import Homes
from porch.controllers.leaving import LeavingHomes
from porch.controllers.packagerevision.library import RegisteredRevisions
from porch.controllers.packagerevision.objects import RevisionObjects
from porch.controllers.packagerevision.pushes import Pushes
from porch.controllers.packagerevision.pushing import Pushing
from porch.controllers.packagerevision.reconcile import Revisions
from porch.controllers.packages import PackageKey, Packages, package_of
from porch.controllers.packagestatus import Origin, published_origin, upstream_origin
from porch.controllers.rendering import PooledRenderer
from porch.controllers.repositories import OpenRepository, Repositories
from porch.controllers.served import (
    FUNCTIONS,
    PACKAGES,
    REPOSITORIES,
    REVISIONS,
    engine_key,
    object_key,
)
from porch.engine.ports import Clock, Upstreams, Workers
from porch.engine.seen import Key
from porch.engine.sources import named_revisions
from porch.functions.pool import RenderPool
from porch.runtime.client import Client, Form, PartialObject, Selection
from porch.runtime.events import EventRecorder
from porch.runtime.metrics import QueueMetrics
from porch.runtime.queue import QueueSettings, Result, WorkQueue
from porch.runtime.reflector import Reflector
from porch.runtime.resources import ObjectKey
from porch.runtime.status import StatusWriter
from porch.runtime.store import Store
from porch.runtime.watching import Watched, Watching

# Until a package is looked at whose revisions change one after the other: when another one may be
# its latest, and when only its counts are others.
SETTLES, COUNTS_SETTLE = timedelta(milliseconds=200), timedelta(seconds=1)

K = TypeVar("K", bound=Hashable)


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The present instant, in UTC and whole seconds, as Kubernetes writes times."""
        return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the operator is made of and does not make itself."""

    client: Client
    pool: RenderPool
    recorder: EventRecorder
    open_repository: OpenRepository
    upstreams: Upstreams
    workers: Workers
    metrics: QueueMetrics
    may_write: Callable[[], None]
    poll: timedelta
    flush_limit: timedelta
    queue: QueueSettings
    content: CrCacheSettings
    function_namespaces: frozenset[str]  # whose FunctionConfigs are in force
    namespaces: tuple[str, ...] = ()  # empty: all


class Operator:
    """All controllers of one process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        client, clock = parts.client, SystemClock()
        self.repositories: Store[Repository] = Store()
        self.packages: Store[PorchPackage] = Store()
        self.functions: Store[FunctionConfig] = Store()
        self.revisions: Store[PackageRevision] = Store(
            {
                "repository": lambda obj: [_repository_of(obj)],
                "package": lambda obj: [package_of(obj)],
                "source": _sources_of,
                "origin": lambda obj: _known(published_origin(obj)),
                "upstream": lambda obj: _known(upstream_origin(obj)),
            }
        )
        self.cache = CrCache(client, parts.content)
        self.homes = Homes()
        self.revision_queue = self._queue("packagerevisions", self._reconcile_revision)
        self.push_queue = self._queue("pushes", self._push)
        self.repository_queue = self._queue(
            "repositories", self._reconcile_repository, longest_backoff=parts.poll
        )
        self.package_queue = self._queue("packages", self._reconcile_package)
        self._revisions = self._revision_controller(client, clock)
        self._pushing = Pushing(revisions=self._revisions)
        self._repositories = self._repository_controller(client, clock)
        self._packages = Packages(
            client=client,
            revisions=self.revisions,
            store=self.packages,
            status=StatusWriter(client, PACKAGES, PorchPackage),
            homes=self.homes,
            may_write=parts.may_write,
        )
        self.revisions.listen(self._revision_changed)

    def _revision_controller(self, client: Client, clock: Clock) -> Revisions:
        parts = self._parts
        writer = StatusWriter(client, REVISIONS, PackageRevision)
        return Revisions(
            store=self.revisions,
            repositories=self.repositories,
            homes=self.homes,
            leaving=LeavingHomes(client),
            cache=self.cache,
            objects=RevisionObjects(client, self.revisions, writer, clock),
            renderer=PooledRenderer(parts.pool, self._function_configs),
            memory=RecentContents(),
            library=RegisteredRevisions(store=self.revisions, homes=self.homes),
            upstreams=parts.upstreams,
            workers=parts.workers,
            announcer=Announcer(parts.recorder, PackageRevision.KIND, self.revisions),
            clock=clock,
            pushes=Pushes(self.push_queue.add_after, self.revision_queue.add),
            may_write=parts.may_write,
            flush_limit=parts.flush_limit,
        )

    def _repository_controller(self, client: Client, clock: Clock) -> Repositories:
        parts = self._parts
        return Repositories(
            client=client,
            store=self.repositories,
            revisions=self.revisions,
            homes=self.homes,
            open=parts.open_repository,
            discovered=DiscoveredObjects(
                client=client, revisions=self.revisions, look_at=self.revision_queue.add
            ),
            status=StatusWriter(client, REPOSITORIES, Repository),
            announcer=Announcer(parts.recorder, Repository.KIND, self.repositories),
            clock=clock,
            look_at=self._look_at_listed,
            may_write=parts.may_write,
            poll=parts.poll,
            budget_bytes=parts.content.repository_budget_bytes,
        )

    @property
    def queues(self) -> tuple[WorkQueue[Key] | WorkQueue[PackageKey], ...]:
        """All queues; their progress is this process's liveness."""
        return (self.revision_queue, self.push_queue, self.repository_queue, self.package_queue)

    def watching(self) -> Watching:
        """The kinds that kopf watches."""
        return Watching(
            [
                Watched(REPOSITORIES, Repository, self.repositories, self._repository_event),
                Watched(REVISIONS, PackageRevision, self.revisions, self._revision_event),
                Watched(PACKAGES, PorchPackage, self.packages, _nothing),
                Watched(FUNCTIONS, FunctionConfig, self.functions, _nothing),
            ],
            namespaces=self._parts.namespaces,
        )

    def reflectors(self) -> list[Reflector[PartialObject]]:
        """The resources, watched by their metadata."""
        return [
            Reflector(
                self._parts.client,
                RESOURCES,
                into=PartialObject,
                form=Form.METADATA,
                selection=Selection(namespace=namespace),
                changed=self._resources_changed,
                gone=self._resources_gone,
            )
            for namespace in self._parts.namespaces or ("",)
        ]

    def _function_configs(self) -> list[FunctionConfigSpec]:
        """By name, so that the last of several for one image is always the same one."""
        names = self._parts.function_namespaces
        ours = [each for each in self.functions if each.metadata.namespace in names]
        return [each.spec for each in sorted(ours, key=lambda each: each.metadata.name)]

    async def _reconcile_revision(self, key: Key) -> Result:
        return await self._revisions.reconcile(key)

    async def _push(self, key: Key) -> Result:
        return await self._pushing.push(key)

    async def _reconcile_repository(self, key: Key) -> Result:
        return await self._repositories.reconcile(key)

    async def _reconcile_package(self, key: PackageKey) -> Result:
        return await self._packages.reconcile(key)

    def _queue(
        self,
        name: str,
        reconcile: Callable[[K], Awaitable[Result]],
        *,
        longest_backoff: timedelta = timedelta.max,
    ) -> WorkQueue[K]:
        meter, settings = self._parts.metrics.of(name), self._parts.queue
        longest = min(settings.longest_backoff, longest_backoff)
        settings = replace(settings, longest_backoff=longest)
        return WorkQueue(name, reconcile, meter=meter, settings=settings)

    def _repository_event(self, key: ObjectKey) -> None:
        home = engine_key(key)
        self.repository_queue.add(home)
        obj = self.repositories.get(key)
        if obj is None or obj.metadata.deletion_timestamp is not None:
            self._repositories.wake_all(home)

    def _revision_event(self, key: ObjectKey) -> None:
        self.revision_queue.add(engine_key(key))

    def _resources_changed(self, found: PartialObject) -> None:
        meta = found.metadata
        before = self.cache.peek(meta.namespace, meta.name)
        self.cache.observed(meta)
        after = self.cache.peek(meta.namespace, meta.name)
        if before != after:
            self.revision_queue.add(Key(meta.namespace, meta.name))

    def _resources_gone(self, key: ObjectKey) -> None:
        self.cache.gone(key)
        self.revision_queue.add(engine_key(key))

    def _revision_changed(
        self, key: ObjectKey, before: PackageRevision | None, after: PackageRevision | None
    ) -> None:
        """Whoever made the change: the package may have another latest revision."""
        known = after or before
        if known is not None and _rank(before) != _rank(after):
            self._package_changed(known, SETTLES)
        elif known is not None and _lifecycle(before) is not _lifecycle(after):
            self._package_changed(known, COUNTS_SETTLE)
        if after is not None and after.status.lifecycle is not _lifecycle(before):
            self._wake_waiting(key)

    def _look_at_listed(self, key: Key) -> None:
        """A listing told something of a revision; others may wait for its content."""
        self.revision_queue.add(key)
        self._wake_waiting(object_key(key))

    def _wake_waiting(self, source: ObjectKey) -> None:
        """Look at what is to be made from this revision."""
        for waiting in self.revisions.find("source", source):
            self.revision_queue.add(Key(waiting.metadata.namespace, waiting.metadata.name))

    def _package_changed(self, revision: PackageRevision, settled: timedelta) -> None:
        """Its package, and those that were made from it, show something else."""
        origin = published_origin(revision)
        made_from_it = self.revisions.find("upstream", origin) if origin is not None else []
        for key in {package_of(each) for each in (revision, *made_from_it)}:
            self.package_queue.add_after(key, settled)


def _nothing(_: ObjectKey) -> None:
    """Packages follow their revisions, functions are asked for by renders: nothing to do."""


def _repository_of(obj: PackageRevision) -> Key:
    return Key(obj.metadata.namespace, obj.spec.repository)


def _known(origin: Origin | None) -> list[Origin]:
    return [origin] if origin is not None else []


def _sources_of(obj: PackageRevision) -> list[ObjectKey]:
    """The revisions that the first content comes from, as long as there is none."""
    if obj.status.lifecycle is not None:
        return []
    namespace = obj.metadata.namespace
    return [ObjectKey(namespace, name) for name in named_revisions(obj.spec.source)]


def _lifecycle(obj: PackageRevision | None) -> Lifecycle | None:
    return obj.status.lifecycle if obj is not None else None


def _rank(obj: PackageRevision | None) -> tuple[object, ...] | None:
    """What the latest revision of a package, its labels and its upstream depend on."""
    if obj is None:
        return None
    status, lifecycle = obj.status, obj.status.lifecycle
    published = lifecycle is not None and lifecycle.is_published
    going = obj.metadata.deletion_timestamp is not None
    has_labels = bool(obj.metadata.finalizers)
    return (status.revision, published, going, has_labels, status.upstream_lock)
