"""Writes to PackageRevision objects: the engine's port `Objects` on the Kubernetes API.

A pass decides on the status that it read. Its writes go to the newest version of the object, so a
label or a wish that came meanwhile stops nothing; but once another process has written the status
(we were asleep, and it leads now), every one of them is a WriteConflict. What the server answers
is put into the store at once, so the next pass does not plan from what we have changed ourselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from porch.api.lifecycle import Lifecycle, follow
from porch.api.packagerevision import PackageRevision
from porch.api.wellknown import (
    LATEST_REVISION_LABEL,
    PACKAGE_REVISION_FINALIZER,
    REPOSITORY_LABEL,
)
from porch.cache.protocol import Inline
from porch.controllers.kptfile import kptfile_view
from porch.controllers.packagerevision.facts import wish_of
from porch.controllers.packagerevision.status import status_of
from porch.controllers.packagerevision.verdicts import conditions_of
from porch.controllers.served import REVISIONS, object_key
from porch.engine.packagefacts import PackageFacts
from porch.engine.ports import Clock
from porch.engine.seen import Key, Seen
from porch.kpt.content import Content
from porch.runtime.apierrors import NotFound, WriteConflict
from porch.runtime.client import Client
from porch.runtime.managers import relief
from porch.runtime.status import StatusWriter
from porch.runtime.store import Store

KIND = PackageRevision.KIND


@dataclass(frozen=True, slots=True)
class RevisionObjects:
    """The PackageRevision objects of the cluster."""

    client: Client
    store: Store[PackageRevision]
    writer: StatusWriter[PackageRevision]
    clock: Clock

    def for_pass(self, obj: PackageRevision) -> "ObjectsOfPass":
        """The port of a pass that decides on `obj`."""
        return ObjectsOfPass(self, obj)


class ObjectsOfPass:
    """The engine's port `Objects`, for one pass over one object."""

    def __init__(self, objects: RevisionObjects, obj: PackageRevision) -> None:
        self._client = objects.client
        self._store = objects.store
        self._writer = objects.writer
        self._clock = objects.clock
        self._known = obj  # as it was read, or as our last write of this pass left it

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
        if obj.metadata.generation != self._known.metadata.generation:
            raise WriteConflict(f"the wish of {key} must be the one that was read; it is newer")
        for step in follow(obj.spec.lifecycle, lifecycle):
            await self._merge(key, {"spec": {"lifecycle": step}})
        return self._current(key).metadata.generation

    async def set_facts(self, key: Key, facts: PackageFacts, *, over: PackageFacts) -> int:
        """Let `spec` say of the package what its Kptfile says; what that lacks is removed."""
        before = wish_of(self._current(key)).facts
        if before.digest != over.digest:
            raise WriteConflict(f"`spec.packageMetadata` of {key} must be as it was read; it moved")
        metadata = {
            "labels": _replaced(before.labels, facts.labels),
            "annotations": _replaced(before.annotations, facts.annotations),
        }
        spec: dict[str, object] = {}
        if said := {name: values for name, values in metadata.items() if values}:
            spec["packageMetadata"] = said
        if facts.gates != before.gates:
            spec["readinessGates"] = [{"conditionType": each} for each in facts.gates]
        await self._merge(key, {"spec": spec})
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
        content = _content(seen)
        kptfile = kptfile_view(content) if content is not None else None
        status = status_of(seen, obj.status, generation=generation, kptfile=kptfile)
        conditions = conditions_of(
            seen,
            obj.status.conditions,
            package=status.package_conditions,
            problem=kptfile.problem if kptfile is not None else None,
            generation=generation,
            now=self._clock.now(),
        )
        whole = msgspec.structs.replace(status, conditions=conditions)
        self._note(await self._writer.write(obj, whole))

    def _current(self, key: Key) -> PackageRevision:
        obj = self._store.get(object_key(key))
        if obj is None:
            raise NotFound(f"PackageRevision {key} is gone")
        known = self._known
        if obj.metadata.uid != known.metadata.uid or obj.status != known.status:
            raise WriteConflict(
                f"the status of {key} must be the one that was read, and another process has "
                "written it since"
            )
        return obj

    def _note(self, written: PackageRevision) -> None:
        self._known = written
        self._store.put(written)

    async def _merge(self, key: Key, body: dict[str, dict[str, object]]) -> None:
        now = self._current(key).metadata
        version = {"resourceVersion": now.resource_version}
        body["metadata"] = {**body.get("metadata", {}), **version, **relief(now)}
        self._note(await self._client.patch(REVISIONS, object_key(key), body, into=PackageRevision))


def _content(seen: Seen) -> Content | None:
    """The content, if it was read; what is stored without files is none."""
    if seen.withheld is not None:
        return seen.withheld
    body = seen.body
    return body.content if body is not None and body.head.inline is Inline.YES else None


def _replaced(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """A merge patch that turns one mapping into the other."""
    return dict.fromkeys(before) | dict(after)
