"""PackageRevisionResources in memory: what the API server does with them, and the content store.

`effect` is called after each call that a real store would make over a wire.
"""

from dataclasses import dataclass, field, replace

from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, DraftChanged, DraftHead, Inline, Shown
from porch.engine.seen import Key
from porch.errors import Conflict
from porch.kpt.content import Content
from tests.unit.engine.fakes import Effect, no_effect


class SealBroken(Exception):
    """The API server refused a write to sealed resources."""


@dataclass(frozen=True, slots=True)
class Resources:
    """A PackageRevisionResources object as the API server keeps it."""

    content: Content
    lifecycle: Lifecycle | None
    generation: int
    version: int
    note: int | None  # the annotation with the generation that our last write produced
    inline: Inline = Inline.YES

    @property
    def draft(self) -> Draft:
        head = DraftHead(self.generation, str(self.version), self.note, self.inline)
        return Draft(head, self.content, self.lifecycle)


@dataclass
class ResourcesServer:
    """What the API server does with PackageRevisionResources; users write here."""

    objects: dict[Key, Resources] = field(default_factory=dict)
    versions: int = 0

    def put(self, key: Key, content: Content, *, version: int | None = None) -> Resources:
        """A user's write of files: an apply when `version` is None, else guarded by it."""
        return self._put(key, content, version=version, wipes=False)

    def push(self, key: Key, content: Content, *, version: int) -> Resources:
        """A push of the existing command line: nothing but the files survives."""
        return self._put(key, content, version=version, wipes=True)

    def remove(self, key: Key) -> None:
        """A user's deletion."""
        self.objects.pop(key, None)

    def store(self, key: Key, resources: Resources) -> Resources:
        """Any accepted write."""
        self.versions += 1
        self.objects[key] = replace(resources, version=self.versions)
        return self.objects[key]

    def check_seal(self, key: Key, content: Content) -> None:
        """The rule of the CRD: sealed files do not change, whoever writes."""
        found = self.objects.get(key)
        sealed = found is not None and found.lifecycle is not None and found.lifecycle.is_sealed
        if found is not None and sealed and found.content.digest != content.digest:
            raise SealBroken(f"{key} is {found.lifecycle}")

    def _put(self, key: Key, content: Content, *, version: int | None, wipes: bool) -> Resources:
        found = self.objects.get(key)
        if version is not None and (found is None or found.version != version):
            raise Conflict(f"{key} must be at {version}")
        self.check_seal(key, content)
        if found is None:
            return self.store(key, Resources(content, None, 1, 0, None))
        if wipes and found.lifecycle is not None and found.lifecycle.is_sealed:
            raise SealBroken(f"{key} is {found.lifecycle}")
        written = replace(
            found,
            content=content,
            lifecycle=None if wipes else found.lifecycle,
            note=None if wipes else found.note,
        )
        if written == found:
            return found
        return self.store(key, replace(written, generation=found.generation + 1))


class FakeCache:
    """PackageCache over a ResourcesServer; `peek` knows what was read, written or delivered."""

    def __init__(self, server: ResourcesServer, effect: Effect = no_effect) -> None:
        self._server = server
        self._effect = effect
        self._heads: dict[Key, DraftHead] = {}

    def deliver(self) -> None:
        """The watch catches up."""
        self._heads = {key: each.draft.head for key, each in self._server.objects.items()}

    def peek(self, namespace: str, name: str) -> DraftHead | None:
        return self._heads.get(Key(namespace, name))

    async def read(self, namespace: str, name: str) -> Draft | None:
        key = Key(namespace, name)
        found = self._server.objects.get(key)
        self._note(key, found)
        self._effect("cache.read")
        return found.draft if found else None

    async def write(
        self, namespace: str, name: str, content: Content, *, shown: Shown, over: Draft | None
    ) -> Draft:
        key = Key(namespace, name)
        self._check(key, over)
        self._server.check_seal(key, content)
        generation = over.head.generation + 1 if over else 1
        inline = shown.withheld.inline if shown.withheld else Inline.YES
        made = Resources(content, shown.lifecycle, generation, 0, generation, inline)
        return self._stored("cache.write", key, made)

    async def mark(
        self, namespace: str, name: str, lifecycle: Lifecycle, *, over: Draft, revision: int = 0
    ) -> Draft:
        if over.lifecycle is lifecycle and lifecycle.is_published:
            return over
        key = Key(namespace, name)
        self._check(key, over)
        generation = over.head.generation + 1
        made = Resources(over.content, lifecycle, generation, 0, generation, over.head.inline)
        return self._stored("cache.mark", key, made)

    async def acknowledge(self, namespace: str, name: str, *, over: Draft) -> Draft:
        key = Key(namespace, name)
        self._check(key, over)
        generation = over.head.generation
        made = Resources(over.content, over.lifecycle, generation, 0, generation, over.head.inline)
        return self._stored("cache.acknowledge", key, made)

    async def delete(self, namespace: str, name: str) -> None:
        key = Key(namespace, name)
        self._server.remove(key)
        self._heads.pop(key, None)
        self._effect("cache.delete")

    def _check(self, key: Key, over: Draft | None) -> None:
        found = self._server.objects.get(key)
        expected = over.head.version if over else None
        if (found.draft.head.version if found else None) != expected:
            raise DraftChanged(f"{key} must be at {expected}")

    def _stored(self, name: str, key: Key, made: Resources) -> Draft:
        stored = self._server.store(key, made)
        self._note(key, stored)
        self._effect(name)
        return stored.draft

    def _note(self, key: Key, found: Resources | None) -> None:
        if found is None:
            self._heads.pop(key, None)
        else:
            self._heads[key] = found.draft.head
