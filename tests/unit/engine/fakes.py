"""The ports of the engine in memory, as faithful as their contracts ask.

`effect` is called by every fake after each call that a real port would make over a wire; a test
passes one that ends the operator there, or that lets others act in between.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, DraftChanged, DraftHead, Shown
from porch.engine.ports import Rendering
from porch.engine.record import FunctionRun
from porch.engine.seen import Fact, Key, Seen
from porch.errors import Conflict
from porch.kpt.content import BlobId, Content, Digest, File
from porch.storage.adapter import (
    Change,
    Delete,
    Lock,
    Moved,
    Outcome,
    ProposeDeletion,
    Publish,
    PutDraft,
    Refused,
    RevisionId,
    Snapshot,
    Stored,
    StoredRevision,
    Task,
    UndoDeletion,
    Unreachable,
    Version,
)

Effect = Callable[[str], None]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def no_effect(name: str) -> None:
    """Nothing happens between two calls."""


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

    @property
    def draft(self) -> Draft:
        head = DraftHead(self.generation, str(self.version), self.note)
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
        made = Resources(content, shown.lifecycle, generation, 0, generation)
        return self._stored("cache.write", key, made)

    async def mark(
        self, namespace: str, name: str, lifecycle: Lifecycle, *, over: Draft, revision: int = 0
    ) -> Draft:
        if over.lifecycle is lifecycle and lifecycle.is_published:
            return over
        key = Key(namespace, name)
        self._check(key, over)
        generation = over.head.generation + 1
        made = Resources(over.content, lifecycle, generation, 0, generation)
        return self._stored("cache.mark", key, made)

    async def acknowledge(self, namespace: str, name: str, *, over: Draft) -> Draft:
        key = Key(namespace, name)
        self._check(key, over)
        generation = over.head.generation
        made = Resources(over.content, over.lifecycle, generation, 0, generation)
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


@dataclass(frozen=True, slots=True)
class Held:
    """A draft or proposal."""

    content: Content
    lifecycle: Lifecycle
    version: Version
    task: Task | None = None


@dataclass
class Tag:
    """A published revision."""

    id: RevisionId
    number: int
    content: Content
    version: Version
    task: Task | None = None
    by: str = "them"
    at: datetime = NOW
    marked: bool = False  # proposed for deletion


class FakeRepository:
    """RepositoryAdapter in memory; others move what it holds through the same attributes."""

    def __init__(
        self, effect: Effect = no_effect, now: Callable[[], datetime] = lambda: NOW
    ) -> None:
        self.effect = effect
        self.now = now
        self.drafts: dict[RevisionId, Held] = {}
        self.tags: dict[RevisionId, Tag] = {}
        self.published: list[tuple[str, int]] = []  # package and number of each publication ever
        self.reachable = True
        self.refusal = ""  # what a hook says to every change
        self.versions = 0

    def version(self) -> Version:
        """A version never seen before."""
        self.versions += 1
        return Version(f"c{self.versions}")

    def hold(
        self, id_: RevisionId, content: Content, lifecycle: Lifecycle, task: Task | None = None
    ) -> StoredRevision:
        """Have a draft or proposal, whatever was there; its first task stays."""
        before = self.drafts.get(id_)
        first = before.task if before is not None else task
        self.drafts[id_] = Held(content, lifecycle, self.version(), first)
        return self._held(id_)

    def publish(
        self, id_: RevisionId, content: Content, task: Task | None = None, by: str = "them"
    ) -> StoredRevision:
        """Have a published revision with the next number, and no draft."""
        number = 1 + max((n for package, n in self.published if package == id_.package), default=0)
        self.published.append((id_.package, number))
        before = self.drafts.pop(id_, None)
        first = before.task if before is not None else task
        at = self.now().replace(microsecond=0)
        self.tags[id_] = Tag(id_, number, content, self.version(), first, by, at)
        return self._tagged(self.tags[id_])

    def stored(self, id_: RevisionId) -> StoredRevision | None:
        """What there is of a revision."""
        if id_ in self.tags:
            return self._tagged(self.tags[id_])
        return self._held(id_) if id_ in self.drafts else None

    def content(self, id_: RevisionId) -> Content | None:
        """The content that there is of a revision."""
        if id_ in self.tags:
            return self.tags[id_].content
        return self.drafts[id_].content if id_ in self.drafts else None

    async def observe(self) -> Snapshot:
        taken_at = self.now()
        self._reach()
        ids = self.drafts.keys() | self.tags.keys()
        found = {id_: stored for id_ in ids if (stored := self.stored(id_)) is not None}
        self.effect("repository.observe")
        return Snapshot(found, "head", taken_at, atomic=True)

    async def read(self, revision: StoredRevision) -> Content:
        self._reach()
        contents = self._contents()
        self.effect("repository.read")
        for content in contents:
            if content.digest == revision.digest:
                return content
        raise Unreachable(f"{revision.digest} is gone; list again")

    async def fill(self, content: Content) -> Content:
        return self._filled(content)

    async def apply(self, change: Change) -> Outcome:
        self._reach()
        if self.refusal:
            return Refused(self.refusal)
        outcome = self.bring_about(change)
        self.effect("repository.apply")
        return outcome

    async def close(self) -> None:
        return None

    def bring_about(self, change: Change) -> Outcome:
        """What the server does with a change, whenever it arrives."""
        if not re.fullmatch(
            r"[a-z0-9/-]+ [a-z0-9-]+", f"{change.id.package} {change.id.workspace}"
        ):
            return Refused(f"{change.id} cannot be stored")
        match change:
            case PutDraft():
                return self._put_draft(change)
            case Publish():
                return self._publish(change)
            case ProposeDeletion(id_) | UndoDeletion(id_):
                if id_ not in self.tags:
                    return Moved(self.stored(id_))
                self.tags[id_].marked = isinstance(change, ProposeDeletion)
                return Stored(self.stored(id_))
            case Delete():
                return self._delete(change)

    def _put_draft(self, change: PutDraft) -> Outcome:
        found = self.stored(change.id)
        if found is not None and found.lifecycle.is_published:
            return Moved(found)
        wanted = (change.content.digest, change.lifecycle)
        if found is not None and (found.digest, found.lifecycle) == wanted:
            return Stored(found)
        if (found.version if found else None) != change.expected:
            return Moved(found)
        content = self._filled(change.content)
        return Stored(self.hold(change.id, content, change.lifecycle, change.task))

    def _publish(self, change: Publish) -> Outcome:
        found = self.stored(change.id)
        if "Kptfile" not in change.content:
            return Refused("a package must have a Kptfile")
        if found is not None and found.lifecycle.is_published:
            if found.digest == change.content.digest:
                return Stored(found)
            return Refused(f"{found.lock.ref} publishes other content")
        if (found.version if found else None) != change.expected:
            return Moved(found)
        content = self._filled(change.content)
        return Stored(self.publish(change.id, content, change.task, change.author.email))

    def _delete(self, change: Delete) -> Outcome:
        found = self.stored(change.id)
        if found is None:
            return Stored(None)
        if change.expected is not None and found.version != change.expected:
            return Moved(found)
        self.drafts.pop(change.id, None)
        self.tags.pop(change.id, None)
        return Stored(None)

    def _reach(self) -> None:
        if not self.reachable:
            raise Unreachable("the repository does not answer")

    def _contents(self) -> list[Content]:
        drafts = [held.content for held in self.drafts.values()]
        return drafts + [tag.content for tag in self.tags.values()]

    def _filled(self, content: Content) -> Content:
        known = {file.blob: file.data for each in self._contents() for file in each.values()}
        return Content(
            {
                path: file if file.data is not None else replace(file, data=known[file.blob])
                for path, file in content.items()
            }
        )

    def _held(self, id_: RevisionId) -> StoredRevision:
        held = self.drafts[id_]
        folder = "proposed" if held.lifecycle is Lifecycle.PROPOSED else "drafts"
        lock = _lock(id_, f"{folder}/{id_.package}/{id_.workspace}", held.version)
        return StoredRevision(
            id_, held.lifecycle, 0, held.content.digest, held.version, lock, held.task
        )

    def _tagged(self, tag: Tag) -> StoredRevision:
        lifecycle = Lifecycle.DELETION_PROPOSED if tag.marked else Lifecycle.PUBLISHED
        lock = _lock(tag.id, f"{tag.id.package}/v{tag.number}", tag.version)
        return StoredRevision(
            tag.id,
            lifecycle,
            tag.number,
            tag.content.digest,
            tag.version,
            lock,
            tag.task,
            tag.by,
            tag.at,
        )


def _lock(id_: RevisionId, ref: str, version: Version) -> Lock:
    return Lock("https://example.org/packages.git", id_.package, ref, version)


@dataclass(frozen=True, slots=True)
class Revision:
    """A PackageRevision object as the API server keeps it."""

    id: RevisionId
    lifecycle: Lifecycle
    finalizer: bool = False
    deleting: bool = False
    fact: Fact = field(default_factory=Fact)
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

    async def set_lifecycle(self, key: Key, lifecycle: Lifecycle) -> None:
        self._write(key, replace(self._current(key), lifecycle=lifecycle))

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
    """Published revisions, by name."""

    revisions: dict[str, tuple[Seen, Content]] = field(default_factory=dict)

    async def published(self, key: Key) -> tuple[Seen, Content] | str:
        return self.revisions.get(key.name, f"{key.name!r} is not published yet")


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
