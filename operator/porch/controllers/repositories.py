"""Repository objects: register, list, show what was found, let go.

One pass lists the repository (cheap when nothing changed) and comes again after the poll interval.
A listing makes objects for revisions that have none, and wakes those whose revision changed; a full
one (`schedules`) wakes them all. One broken repository is nobody else's trouble: its errors end in
its own conditions.
"""

import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from porch.api.conditions import ConditionType, find
from porch.api.packagerevision import PackageRevision
from porch.api.repository import Inline, Repository, RepositoryStatus
from porch.api.wellknown import REPOSITORY_FINALIZER
from porch.controllers.budget import beyond_budget
from porch.controllers.discoveredobjects import DiscoveredObjects
from porch.controllers.homes import Homes, Registered
from porch.controllers.repositorystatus import failed, is_ready, listed
from porch.controllers.schedules import sync_of
from porch.controllers.served import REPOSITORIES, REVISIONS, object_key
from porch.engine.discovery import delta
from porch.engine.ports import Announcer, Clock
from porch.engine.seen import Key
from porch.errors import Disposition, PorchError
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client
from porch.runtime.queue import DONE, Result
from porch.runtime.resources import ObjectKey
from porch.runtime.status import StatusWriter
from porch.runtime.store import Store
from porch.storage.adapter import RepositoryAdapter, RevisionId, Snapshot, Warned
from porch.storage.known import Known

KIND = Repository.KIND

SOON = timedelta(seconds=1)  # the shortest wait between two listings of a schedule

OpenRepository = Callable[[Repository], Awaitable[RepositoryAdapter]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """Reconciles Repositories."""

    client: Client
    store: Store[Repository]
    discovered: DiscoveredObjects
    revisions: Store[PackageRevision]
    homes: Homes
    open: OpenRepository
    status: StatusWriter[Repository]
    announcer: Announcer
    clock: Clock
    look_at: Callable[[Key], None]  # a revision
    may_write: Callable[[], None]
    poll: timedelta
    budget_bytes: int  # of the published files of one repository that are kept in objects

    async def reconcile(self, key: Key) -> Result:
        """One pass."""
        obj = self.store.get(object_key(key))
        if obj is None:
            await self._close(key)
            return DONE
        self.may_write()
        if obj.metadata.deletion_timestamp is not None:
            return await self._leave(key, obj)
        if REPOSITORY_FINALIZER not in obj.metadata.finalizers:
            obj = await self._set_finalizers(obj, [*obj.metadata.finalizers, REPOSITORY_FINALIZER])
        try:
            return await self._list(key, obj)
        except PorchError as err:
            await self._show_failure(key, obj, err)
            if err.disposition is Disposition.STALL:
                return Result(after=self.poll)  # what is mended in git gives no event
            raise

    def wake_all(self, key: Key) -> None:
        """Look at every revision of a repository."""
        for revision in self._objects(key):
            self.look_at(revision)

    async def _list(self, key: Key, obj: Repository) -> Result:
        registered = await self._registered(key, obj)
        before, now = registered.snapshot, self.clock.now()
        sync = sync_of(
            obj.spec.sync,
            last_full=registered.full_at,
            observed=obj.status.observed_run_once_at,
            now=now,
        )
        after = await registered.known.observe()
        registered.trouble = ""
        moved = self._budget(registered, before, after)
        objects = self._objects(key)
        found = delta(key.name, before, after, objects.values())
        for each, id_ in objects.items():
            if sync.is_due or id_ in found.look_at or id_ in moved:
                self.look_at(each)
        refused = await self.discovered.make_all(registered, found.create)
        if sync.is_due:
            registered.full_at = now
        warnings = [*after.warnings, *found.warnings, *refused, *self._withheld(registered)]
        await self._show(key, obj, listed(obj, after, warnings, sync, now=self.clock.now()))
        return Result(after=min(_spread(key, self.poll), max(sync.look_at - now, SOON)))

    def _budget(
        self, registered: Registered, before: Snapshot | None, after: Snapshot
    ) -> frozenset[RevisionId]:
        """Count the published files again; what came to have room, or has none any more."""
        if before is not None and before.revisions is after.revisions:
            return frozenset()
        beyond = beyond_budget(after.revisions.values(), budget_bytes=self.budget_bytes)
        moved, registered.beyond = registered.beyond ^ beyond, beyond
        return moved

    def _withheld(self, registered: Registered) -> list[Warned]:
        if registered.repository.spec.inline is not Inline.ALL or not registered.beyond:
            return []
        words = (
            f"the files of the {len(registered.beyond)} oldest published revisions are not kept in "
            f"objects: the budget is {self.budget_bytes} bytes a repository "
            "(PORCH_CONTENT_REPOSITORY_BUDGET_BYTES). Git has them"
        )
        return [Warned("spec.inline", words)]

    async def _show(self, key: Key, obj: Repository, status: RepositoryStatus) -> None:
        """Write what was listed; a `runOnceAt` that was answered goes from the wish afterwards."""
        was_ready = is_ready(obj.status)
        obj = await self.status.write(obj, status)
        self.store.put(obj)
        if not was_ready:
            words = f"listed {status.package_count} package revisions at {status.git_commit_hash}"
            self.announcer.done(key, "Listed", words)
        once = obj.spec.sync.run_once_at if obj.spec.sync is not None else None
        if once is not None and once == obj.status.observed_run_once_at:
            await self._merge(obj, {"spec": {"sync": {"runOnceAt": None}}})

    async def _registered(self, key: Key, obj: Repository) -> Registered:
        registered = self.homes.get(key)
        if registered is not None and _place(registered.repository) == _place(obj):
            if registered.repository.spec.inline is not obj.spec.inline:
                self.wake_all(key)
            registered.repository = obj
            return registered
        await self._close(key)
        registered = Registered(obj, Known(await self.open(obj), self.clock.now))
        self.homes.put(key, registered)
        return registered

    async def _show_failure(self, key: Key, obj: Repository, err: PorchError) -> None:
        registered = self.homes.get(key)
        is_news = registered is None or registered.trouble != str(err)
        if registered is not None:
            registered.trouble = str(err)
        ready = find(obj.status.conditions, ConditionType.READY)
        if ready is None or (ready.reason, ready.message) != (err.reason, str(err)):
            self.announcer.warn(key, err.reason, str(err))
        status = failed(obj, err, now=self.clock.now())
        self.store.put(await self.status.write(obj, status))
        if is_news:
            self.wake_all(key)

    async def _leave(self, key: Key, obj: Repository) -> Result:
        """Objects go first, with our credentials still in memory; git stays as it is."""
        objects = self._objects(key)
        for each in objects:
            try:
                await self.client.delete(REVISIONS, object_key(each))
            except NotFound:
                continue
            self.look_at(each)
        if objects:
            return Result(after=timedelta(seconds=1))
        await self._close(key)
        if REPOSITORY_FINALIZER in obj.metadata.finalizers:
            left = [each for each in obj.metadata.finalizers if each != REPOSITORY_FINALIZER]
            try:
                await self._set_finalizers(obj, left)
            except NotFound:
                return DONE
        return DONE

    async def _set_finalizers(self, obj: Repository, finalizers: list[str]) -> Repository:
        return await self._merge(obj, {"metadata": {"finalizers": finalizers}})

    async def _merge(self, obj: Repository, body: dict[str, dict[str, object]]) -> Repository:
        """Change the object that this was decided on."""
        version = {"resourceVersion": obj.metadata.resource_version}
        body = body | {"metadata": body.get("metadata", {}) | version}
        key = ObjectKey(obj.metadata.namespace, obj.metadata.name)
        written = await self.client.patch(REPOSITORIES, key, body, into=Repository)
        self.store.put(written)
        return written

    async def _close(self, key: Key) -> None:
        registered = self.homes.pop(key)
        if registered is not None:
            await registered.known.close()

    def _objects(self, key: Key) -> dict[Key, RevisionId]:
        found: Iterable[PackageRevision] = self.revisions.find("repository", key)
        return {
            Key(each.metadata.namespace, each.metadata.name): RevisionId(
                each.spec.package_name, each.spec.workspace_name
            )
            for each in found
        }


def _place(repository: Repository) -> tuple[object, ...]:
    """What an adapter is opened for; all else of the wish may change while it is open."""
    spec = repository.spec
    return spec.type, spec.git, spec.oci


def _spread(key: Key, interval: timedelta) -> timedelta:
    """The interval, a little longer or shorter for each key: what began together drifts apart."""
    share = zlib.crc32(str(key).encode()) / 2**32
    return interval * (0.9 + 0.2 * share)
