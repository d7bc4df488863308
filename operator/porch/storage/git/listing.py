"""How refs become revisions.

Reads objects, changes nothing. What was read once of a ref at one id is not read again, and a
listing of the same refs is the same listing. Whatever is broken becomes a warning and hides
nothing else.

Ties      of a draft beside a proposal the later one counts, of equal ones the proposal; a tag
          counts before both; of tags with the same workspace the lowest number, which came first.
"""

from collections.abc import Mapping
from dataclasses import replace

import pygit2

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Task, Version, Warned
from porch.storage.git.history import History, chain_task
from porch.storage.git.layout import (
    Layout,
    PackageRef,
    RefKind,
    deletion_mark,
    draft_ref,
    number_of,
    proposed_ref,
    short,
)
from porch.storage.git.messages import workspace_of
from porch.storage.git.objects import Damaged, Objects, author_mail, author_time, holds_kptfile
from porch.storage.git.placeholders import Placeholders
from porch.storage.git.refs import Board, RefLookup, Refs

Found = StoredRevision | Warned | None
Revisions = Mapping[RevisionId, StoredRevision]

_LIFECYCLES = {
    RefKind.DRAFT: Lifecycle.DRAFT,
    RefKind.PROPOSED: Lifecycle.PROPOSED,
    RefKind.TAG: Lifecycle.PUBLISHED,
}


class Listing:
    """The revisions of one registration; keeps what it has read."""

    def __init__(self, objects: Objects, layout: Layout, shown_url: str) -> None:
        self._objects = objects
        self._layout = layout
        self._url = shown_url
        self.history = History(objects)
        self._placeholders = Placeholders(objects, layout, url=shown_url, history=self.history)
        self._read: dict[str, tuple[str, Found]] = {}  # by ref: at which id, what
        self._listed: Refs | None = None
        self._answer: tuple[Revisions, tuple[Warned, ...]] = ({}, ())

    def revisions(self, refs: Refs) -> tuple[Revisions, tuple[Warned, ...]]:
        """All revisions, and what had to be left out."""
        if self._listed is None or refs != self._listed:
            self._answer = self._revisions(refs)
            self._listed = refs
        return self._answer

    def held(self, refs: Board, id_: RevisionId) -> StoredRevision | None:
        """The draft or proposal of a revision."""
        full = self._layout.full(id_.package)
        draft = self._one(refs, draft_ref(full, id_.workspace))
        proposal = self._one(refs, proposed_ref(full, id_.workspace))
        if draft is None or proposal is None:
            return draft or proposal
        return self._later(draft, proposal)

    def unreadable(self, refs: Board, id_: RevisionId) -> str:
        """The branch of a draft that is there and holds none, so somebody else's; "" for none."""
        full = self._layout.full(id_.package)
        branches = (draft_ref(full, id_.workspace), proposed_ref(full, id_.workspace))
        found = (ref for ref in branches if refs.get(ref) and self._one(refs, ref) is None)
        return short(next(found, ""))

    def published(self, refs: Board, id_: RevisionId) -> StoredRevision | None:
        """The tag of a revision."""
        tags = (self._one(refs, ref) for ref in refs.tags(self._layout.full(id_.package)))
        found = [each for each in tags if each is not None and each.id == id_]
        return min(found, key=lambda each: each.revision) if found else None

    def placeholder(self, refs: Board, id_: RevisionId) -> StoredRevision | None:
        """The content of a package on the branch itself."""
        if id_.workspace != self._layout.branch:
            return None
        found = self._placeholders.one(refs.get(self._layout.branch_ref) or "", id_.package)
        return self._marked(refs, found) if found else None

    def highest(self, refs: Board, full: str) -> int:
        """The highest number that a tag of a package has, readable or not; 0 when there is none."""
        return max((number_of(ref.rpartition("/")[2]) for ref in refs.tags(full)), default=0)

    def _revisions(self, refs: Refs) -> tuple[Revisions, tuple[Warned, ...]]:
        head = refs.get(self._layout.branch_ref) or ""
        self.history.advance(head)
        self._read = {ref: known for ref, known in self._read.items() if ref in refs}
        found = {each.id: self._marked(refs, each) for each in self._placeholders.at(head)}
        warnings = list(self._placeholders.warnings)
        for ref, oid in refs.items():
            revision = self._of(ref, oid)
            if isinstance(revision, Warned):
                warnings.append(revision)
            elif revision is not None:
                self._add(found, self._marked(refs, revision), warnings)
        return found, tuple(warnings)

    def _one(self, refs: Board, ref: str) -> StoredRevision | None:
        oid = refs.get(ref)
        found = self._of(ref, oid) if oid else None
        return self._marked(refs, found) if isinstance(found, StoredRevision) else None

    def _of(self, ref: str, oid: str) -> Found:
        at, found = self._read.get(ref, ("", None))
        if at != oid:
            found = self._reading(ref, oid, before=found)
            self._read[ref] = (oid, found)
        return found

    def _reading(self, ref: str, oid: str, *, before: Found) -> Found:
        parsed = self._layout.parse(ref)
        if parsed is None:
            misfit = self._layout.misfit(ref)
            return Warned(short(ref), misfit) if misfit else None
        if parsed.kind is RefKind.DELETION:
            return None
        try:
            return self._revision(oid, parsed, short(ref))
        except Damaged as err:
            # A ref that cannot be read is no proof that its revision is gone.
            return before if isinstance(before, StoredRevision) else Warned(short(ref), str(err))

    def _revision(self, oid: str, parsed: PackageRef, name: str) -> Found:
        commit = self._objects.commit(oid)
        tree = self._objects.subtree(commit, parsed.full)
        number = number_of(parsed.last) if parsed.kind is RefKind.TAG else 0
        if tree is None or not holds_kptfile(tree):
            why = f"there must be a Kptfile in {parsed.full!r} of its commit"
            return Warned(name, why) if number >= 0 else None  # tags of other things are many
        workspace = parsed.last
        if number > 0:
            workspace = workspace_of(commit.message, parsed.full) or f"v{number}"
        if workspace == self._layout.branch:
            why = f"workspace {workspace!r} must not have the name of the registered branch"
            return Warned(name, why)
        revision = StoredRevision(
            id=RevisionId(parsed.package, workspace),
            lifecycle=_LIFECYCLES[parsed.kind],
            revision=number,
            digest=self._objects.digest(tree),
            version=Version(f"{parsed.kind}:{commit.id}"),  # rejecting is a change, too
            lock=Lock(self._url, parsed.full, name, str(commit.id)),
            size_bytes=self._objects.size_bytes(tree),
            task=self._task(commit, parsed, workspace),
        )
        if parsed.kind is not RefKind.TAG:
            return revision
        by, at = author_mail(commit), author_time(commit)
        return replace(revision, published_by=by, published_at=at)

    def _task(self, commit: pygit2.Commit, parsed: PackageRef, workspace: str) -> Task | None:
        known = self.history.task(parsed.full, workspace)
        if known is not None and parsed.kind is RefKind.TAG:
            return known
        return chain_task(self._objects, str(commit.id), (parsed.full, workspace)) or known

    def _marked(self, refs: RefLookup, revision: StoredRevision) -> StoredRevision:
        """Published, or proposed for deletion when there is the branch that says so."""
        if not revision.lifecycle.is_published:
            return revision
        full = self._layout.full(revision.id.package)
        mark = deletion_mark(full, revision=revision.revision, last=revision.id.workspace)
        if not refs.get(mark):
            return revision
        return replace(revision, lifecycle=Lifecycle.DELETION_PROPOSED)

    def _add(
        self,
        found: dict[RevisionId, StoredRevision],
        revision: StoredRevision,
        warnings: list[Warned],
    ) -> None:
        """Put a revision beside the others; of two with the same name one counts."""
        other = found.get(revision.id)
        if other is None:
            found[revision.id] = revision
            return
        kept = self._preferred(other, revision)
        left = revision if kept is other else other
        found[revision.id] = kept
        words = f"left out: {kept.lock.ref} is the same revision, {revision.id.workspace!r}"
        warnings.append(Warned(left.lock.ref, words))

    def _preferred(self, one: StoredRevision, other: StoredRevision) -> StoredRevision:
        if one.lifecycle.is_published and other.lifecycle.is_published:
            return min(one, other, key=lambda each: each.revision)
        if one.lifecycle.is_published or other.lifecycle.is_published:
            return one if one.lifecycle.is_published else other
        if one.lifecycle is Lifecycle.PROPOSED:
            return self._later(other, one)
        return self._later(one, other)

    def _later(self, draft: StoredRevision, proposal: StoredRevision) -> StoredRevision:
        is_newer = draft.lock.commit != proposal.lock.commit and self._objects.descends(
            draft.lock.commit, proposal.lock.commit
        )
        return draft if is_newer else proposal
