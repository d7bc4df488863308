"""A repository of packages in memory, that others can move as well.

It answers as the contract of repositories asks; `effect` is called after each answer.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
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
from tests.unit.engine.fakes import NOW, Effect, no_effect


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
