"""One pass over one PackageRevision: observe, let the engine act, write the status.

Everything is read before anything is decided. An error of the tree is told and shown in the status
before the work queue deals with it; a lost race is nobody's business but the queue's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from porch.api.conditions import ConditionType, Reason, find
from porch.api.lifecycle import Lifecycle
from porch.api.packagerevision import PackageRevision
from porch.api.repository import Repository
from porch.cache.protocol import PackageCache
from porch.controllers.homes import DEFAULT_AUTHOR, Homes, HomeView
from porch.controllers.leaving import LeavingHomes
from porch.controllers.packagerevision.facts import fact_of, wish_of
from porch.controllers.packagerevision.objects import RevisionObjects
from porch.controllers.packagerevision.pushes import Pushes
from porch.controllers.served import object_key
from porch.engine.admission import refusal
from porch.engine.executor import run
from porch.engine.ports import (
    Announcer,
    Clock,
    Library,
    Memory,
    Renderer,
    Upstreams,
    Workers,
)
from porch.engine.pushes import is_push_due
from porch.engine.seen import Halt, Home, Key, Seen, Wish
from porch.engine.world import World
from porch.runtime.queue import DONE, Result
from porch.runtime.resources import ObjectKey
from porch.runtime.store import Store
from porch.storage.nowhere import NOWHERE

AT_ONCE = Result(after=timedelta())
REFUSED_AGAIN = timedelta(minutes=5)  # until what a server's rule refused is tried again
LOOK_AGAIN = timedelta(seconds=15)  # at what waits for something that gives no event


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """Reconciles PackageRevisions."""

    store: Store[PackageRevision]
    repositories: Store[Repository]
    homes: Homes
    leaving: LeavingHomes
    cache: PackageCache
    objects: RevisionObjects
    renderer: Renderer
    memory: Memory
    library: Library
    upstreams: Upstreams
    workers: Workers
    announcer: Announcer
    clock: Clock
    pushes: Pushes
    may_write: Callable[[], None]  # raises when our lease may be over
    flush_limit: timedelta  # of a last push before an object goes

    async def reconcile(self, key: Key) -> Result:
        """One pass."""
        obj = self._current(key)
        if obj is None:
            return DONE
        self.may_write()
        if not _touches_git(obj):
            return await self._pass(key, obj)
        async with self.pushes.alone(key):
            obj = self._current(key)
            return await self._pass(key, obj) if obj is not None else DONE

    async def observe(self, key: Key, obj: PackageRevision) -> Seen:
        """Everything that decides about the revision, read once."""
        wish, fact = wish_of(obj), fact_of(obj.status)
        view = await self._home(key, wish)
        stored = view.stored(wish.id)
        seen = Seen(
            key=key,
            wish=wish,
            fact=fact,
            home=view.state,
            home_trouble=view.trouble,
            is_inline=view.registered is None or view.registered.is_inline(wish.id),
            is_settling=view.registered is not None and view.registered.is_settling,
            deployment=self._is_deployment(key, wish),
            draft=self.cache.peek(key.namespace, key.name),
            stored=stored,
        )
        if fact.lifecycle is None and stored is None and view.registered is not None:
            return replace(seen, refusal=_refusal(wish, view))
        return seen

    def world(self, key: Key, obj: PackageRevision) -> World:
        """The ports, for what is decided on this version of a revision."""
        registered = self.homes.get(Key(key.namespace, obj.spec.repository))
        return World(
            repository=registered.known if registered else NOWHERE,
            author=registered.author if registered else DEFAULT_AUTHOR,
            cache=self.cache,
            objects=self.objects.for_pass(obj),
            renderer=self.renderer,
            memory=self.memory,
            library=self.library,
            upstreams=self.upstreams,
            workers=self.workers,
            announcer=self.announcer,
            clock=self.clock,
            flush_limit=self.flush_limit,
        )

    async def _pass(self, key: Key, obj: PackageRevision) -> Result:
        seen = await self.observe(key, obj)
        world = self.world(key, obj)
        seen = await run(world, seen)
        if (seen.wish.deleting and not seen.wish.finalizer) or self._current(key) is None:
            return DONE
        self._tell(seen, obj)
        await world.objects.write_status(seen)
        self._tell_of_kptfile(obj)
        if is_push_due(seen):
            self.pushes.due(key)
        if seen.error is not None:
            raise seen.error
        if self._is_behind(seen):
            return AT_ONCE
        return _next(seen.halt)

    def _is_behind(self, seen: Seen) -> bool:
        """A wish came during the pass, and our own write may have answered it before its event."""
        obj = self._current(seen.key)
        return obj is not None and obj.metadata.generation != seen.wish.generation

    def _tell(self, seen: Seen, before: PackageRevision) -> None:
        """An Event for trouble that the status does not show yet."""
        halt = seen.halt
        if halt is None or not (halt.stalled or seen.error):
            return
        ready = find(before.status.conditions, ConditionType.READY)
        if ready is None or (ready.reason, ready.message) != (halt.reason, halt.message):
            self.announcer.warn(seen.key, halt.reason, halt.message)

    def _tell_of_kptfile(self, before: PackageRevision) -> None:
        """An Event when a published Kptfile is found that cannot be read."""
        key = Key(before.metadata.namespace, before.metadata.name)
        now = self._current(key)
        found = find(now.status.conditions, ConditionType.KPTFILE_BROKEN) if now else None
        if found is not None and not find(before.status.conditions, found.type):
            self.announcer.warn(key, found.reason, found.message)

    def _is_deployment(self, key: Key, wish: Wish) -> bool:
        repository = self.repositories.get(ObjectKey(key.namespace, wish.repository))
        return repository is not None and repository.spec.deployment

    def _current(self, key: Key) -> PackageRevision | None:
        return self.store.get(object_key(key))

    async def _home(self, key: Key, wish: Wish) -> HomeView:
        home_key = Key(key.namespace, wish.repository)
        repository = self.repositories.get(object_key(home_key))
        view = self.homes.view(home_key, repository)
        if wish.deleting and view.state in (Home.LISTED, Home.UNLISTED):
            going = await self.leaving.what_goes(key.namespace)
            if going:
                return replace(view, state=Home.LEAVING, trouble=going)
        return view


def _next(halt: Halt | None) -> Result:
    """When to look again at what gives no event; a server's rules are changed in silence, too."""
    if halt is None:
        return DONE
    if halt.reason == Reason.PUSH_REFUSED:
        return Result(after=REFUSED_AGAIN)
    return DONE if halt.stalled else Result(after=LOOK_AGAIN)


def _touches_git(obj: PackageRevision) -> bool:
    """The pass may move refs that a background push of the same draft would move as well."""
    wish, fact = obj.spec.lifecycle, obj.status.lifecycle
    if obj.metadata.deletion_timestamp is not None:
        return True
    return wish.is_published or (wish is Lifecycle.DRAFT and fact is Lifecycle.PROPOSED)


def _refusal(wish: Wish, view: HomeView) -> Halt | None:
    registered = view.registered
    if registered is None or registered.snapshot is None:
        return None
    return refusal(
        wish.repository,
        wish.id,
        wish.source,
        branch=registered.branch,
        held=registered.snapshot.revisions,
    )
