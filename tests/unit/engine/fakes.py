"""The ports of the engine in memory, as faithful as their contracts ask.

`effect` is called by every fake after each call that a real port would make over a wire; a test
passes one that ends the operator there, or that lets others act in between.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from porch.api.lifecycle import Lifecycle
from porch.engine.packagefacts import NOTHING_SAID, PackageFacts
from porch.engine.ports import Origin, Rendering
from porch.engine.record import FunctionRun
from porch.engine.seen import Fact, Key, Seen
from porch.engine.sources import GitPlace
from porch.errors import Conflict
from porch.kpt.content import BlobId, Content, Digest, File
from porch.storage.adapter import RevisionId, StoredRevision
from porch.storage.upstream import Fetched, UpstreamMissing

T = TypeVar("T")
Effect = Callable[[str], None]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def no_effect(name: str) -> None:
    """Nothing happens between two calls."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A PackageRevision object as the API server keeps it."""

    id: RevisionId
    lifecycle: Lifecycle
    finalizer: bool = False
    deleting: bool = False
    fact: Fact = field(default_factory=Fact)
    facts: PackageFacts = NOTHING_SAID
    version: int = 0


@dataclass
class RevisionsServer:
    """What the API server does with PackageRevisions; users write here."""

    objects: dict[Key, Revision] = field(default_factory=dict)
    versions: int = 0

    def put(self, key: Key, revision: Revision) -> None:
        """Any accepted write."""
        self.versions += 1
        self.objects[key] = replace(revision, version=self.versions)

    def delete(self, key: Key) -> None:
        """A deletion: at once, or when our finalizer is off."""
        found = self.objects[key]
        if found.finalizer:
            self.put(key, replace(found, deleting=True))
        else:
            del self.objects[key]


class FakeObjects:
    """Objects over a RevisionsServer; every write carries the version that it was decided on."""

    def __init__(self, server: RevisionsServer, effect: Effect = no_effect) -> None:
        self._server = server
        self._effect = effect
        self._known: dict[Key, int] = {}
        self.statuses = 0  # status writes that were sent

    def look(self, key: Key) -> Revision | None:
        """The object as it is now; what is decided from it is written with its version."""
        found = self._server.objects.get(key)
        if found is not None:
            self._known[key] = found.version
        return found

    async def add_finalizer(self, key: Key) -> None:
        self._write(key, replace(self._current(key), finalizer=True))

    async def release(self, key: Key) -> None:
        found = self._current(key)
        if found.deleting:
            del self._server.objects[key]
            self._effect("objects.release")
        else:
            self._write(key, replace(found, finalizer=False))

    async def set_lifecycle(self, key: Key, lifecycle: Lifecycle) -> int:
        self._write(key, replace(self._current(key), lifecycle=lifecycle))
        return self._known[key]

    async def set_facts(self, key: Key, facts: PackageFacts, *, over: PackageFacts) -> int:
        if self._current(key).facts.digest != over.digest:
            raise Conflict(f"{key} says something else meanwhile")
        self._write(key, replace(self._current(key), facts=facts))
        return self._known[key]

    async def remove(self, key: Key) -> None:
        self._current(key)
        del self._server.objects[key]
        self._effect("objects.remove")

    async def write_status(self, seen: Seen) -> None:
        found = self._current(seen.key)
        fact = replace(seen.fact, diverged=None)
        if fact != found.fact:
            self.statuses += 1
            self._write(seen.key, replace(found, fact=fact))

    def _current(self, key: Key) -> Revision:
        found = self._server.objects.get(key)
        if found is None or found.version != self._known.get(key):
            raise Conflict(f"{key} changed meanwhile")
        return found

    def _write(self, key: Key, revision: Revision) -> None:
        self._server.put(key, revision)
        self._known[key] = self._server.versions
        self._effect("objects.write")


@dataclass
class FakeRenderer:
    """Marks every YAML file, adds a file about them, drops scratch files; fails where told.

    Rendering what was rendered changes nothing.
    """

    effect: Effect = no_effect
    outputs: set[Digest] = field(default_factory=set)  # of all successful renders
    runs: int = 0

    async def render(self, content: Content) -> Rendering:
        self.runs += 1
        self.effect("renderer.render")
        texts = content.texts
        if any("FAIL" in text for text in texts.values()):
            return Rendering(content, False, "function 'check' failed", (), b"")
        output = rendered(content)
        self.outputs.add(output.digest)
        return Rendering(output, True, "", (FunctionRun("mark:v1", 0, 1),), b"")


MARK = "# rendered\n"
GENERATED = "generated.txt"


def rendered(content: Content) -> Content:
    """What FakeRenderer makes of content."""
    texts = {path: text for path, text in content.texts.items() if not path.endswith(".scratch")}
    marked = {path: _marked(path, text) for path, text in texts.items() if path != GENERATED}
    marked[GENERATED] = "\n".join(sorted(path for path in marked if path.endswith(".yaml")))
    return Content.from_texts(marked)


def _marked(path: str, text: str) -> str:
    return text if not path.endswith(".yaml") or text.endswith(MARK) else text + MARK


class FakeMemory:
    """Remembers everything until it is made anew."""

    def __init__(self) -> None:
        self._contents: dict[Digest, Content] = {}

    def keep(self, content: Content) -> None:
        self._contents[content.digest] = content

    def content(self, digest: Digest) -> Content | None:
        return self._contents.get(digest)

    def file(self, blob: BlobId) -> File | None:
        for content in self._contents.values():
            for file in content.values():
                if file.blob == blob:
                    return file
        return None


@dataclass
class FakeLibrary:
    """Other revisions, by name."""

    revisions: dict[str, tuple[Origin, Content]] = field(default_factory=dict)
    effect: Effect = no_effect

    def find(self, key: Key) -> Origin | None:
        found = self.revisions.get(key.name)
        return found[0] if found is not None else None

    async def read(self, origin: Origin, stored: StoredRevision, *, namespace: str) -> Content:
        self.effect("library.read")
        return next(content for known, content in self.revisions.values() if known == origin)


@dataclass
class FakeUpstreams:
    """Packages elsewhere, by place; what is not there may come."""

    packages: dict[GitPlace, Fetched] = field(default_factory=dict)
    effect: Effect = no_effect

    async def fetch(self, place: GitPlace, *, namespace: str) -> Fetched:
        self.effect("upstreams.fetch")
        if place not in self.packages:
            raise UpstreamMissing(f"{place} is not there")
        return self.packages[place]


class InPlace:
    """Works at once."""

    async def run(self, work: Callable[[], T]) -> T:
        return work()


@dataclass
class FakeAnnouncer:
    """Keeps what was announced."""

    reasons: list[str] = field(default_factory=list)

    def done(self, key: Key, reason: str, message: str) -> None:
        self.reasons.append(reason)

    def warn(self, key: Key, reason: str, message: str) -> None:
        self.reasons.append(reason)


class FixedClock:
    """Always the same instant."""

    def now(self) -> datetime:
        return NOW
