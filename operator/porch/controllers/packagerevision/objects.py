"""Writes to PackageRevision objects: the engine's port `Objects` on the Kubernetes API.

Every write carries the resourceVersion that it was decided on, and what the server answers is put
into the store at once, so the next pass does not plan from what we have changed ourselves.
"""

import msgspec

from porch.api.lifecycle import Lifecycle, follow
from porch.api.packagerevision import PackageRevision
from porch.api.wellknown import (
    LATEST_REVISION_LABEL,
    PACKAGE_REVISION_FINALIZER,
    REPOSITORY_LABEL,
)
from porch.controllers.kptfile import kptfile_view
from porch.controllers.packagerevision.status import conditions_of, status_of
from porch.controllers.served import REVISIONS, object_key
from porch.engine.ports import Clock
from porch.engine.seen import Key, Seen
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client
from porch.runtime.status import StatusWriter
from porch.runtime.store import Store

KIND = PackageRevision.KIND


class RevisionObjects:
    """The PackageRevision objects of the cluster."""

    def __init__(
        self,
        client: Client,
        store: Store[PackageRevision],
        writer: StatusWriter[PackageRevision],
        clock: Clock,
    ) -> None:
        self._client = client
        self._store = store
        self._writer = writer
        self._clock = clock

    async def add_finalizer(self, key: Key) -> None:
        """Put our finalizer and our labels on the object."""
        obj = self._current(key)
        finalizers = [*obj.metadata.finalizers, PACKAGE_REVISION_FINALIZER]
        labels = {REPOSITORY_LABEL: obj.spec.repository, LATEST_REVISION_LABEL: "false"}
        await self._merge(key, {"metadata": {"finalizers": finalizers, "labels": labels}})

    async def release(self, key: Key) -> None:
        """Take our finalizer off; gone already is as good."""
        obj = self._current(key)
        left = [each for each in obj.metadata.finalizers if each != PACKAGE_REVISION_FINALIZER]
        try:
            await self._merge(key, {"metadata": {"finalizers": left}})
        except NotFound:
            return

    async def set_lifecycle(self, key: Key, lifecycle: Lifecycle) -> int:
        """Move `spec.lifecycle` along the matrix to what git has."""
        obj = self._current(key)
        for step in follow(obj.spec.lifecycle, lifecycle):
            await self._merge(key, {"spec": {"lifecycle": step}})
        return self._current(key).metadata.generation

    async def remove(self, key: Key) -> None:
        """Delete this very object, without waiting for its finalizer to ask git."""
        obj = self._current(key)
        await self.release(key)
        try:
            await self._client.delete(REVISIONS, object_key(key), uid=obj.metadata.uid)
        except NotFound:
            return

    async def write_status(self, seen: Seen) -> None:
        """Write what is seen; nothing is sent when nothing changed.

        NB: a wish that came meanwhile is not what was acted on, so the generation is the seen one.
        """
        obj = self._current(seen.key)
        generation = seen.wish.generation
        kptfile = kptfile_view(seen.body.content) if seen.body is not None else None
        status = status_of(seen, obj.status, generation=generation, kptfile=kptfile)
        conditions = conditions_of(seen, obj.status, generation=generation, now=self._clock.now())
        whole = msgspec.structs.replace(status, conditions=conditions)
        written = await self._writer.write(obj, whole)
        self._store.put(written)

    def _current(self, key: Key) -> PackageRevision:
        obj = self._store.get(object_key(key))
        if obj is None:
            raise NotFound(f"PackageRevision {key} is gone")
        return obj

    async def _merge(self, key: Key, body: dict[str, dict[str, object]]) -> None:
        version = self._current(key).metadata.resource_version
        body["metadata"] = body.get("metadata", {}) | {"resourceVersion": version}
        written = await self._client.patch(REVISIONS, object_key(key), body, into=PackageRevision)
        self._store.put(written)
