"""How refs become revisions.

Reads objects, changes nothing. What was read once of a ref at one id is never read again. Whatever
is broken becomes a warning and hides nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pygit2

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Digest
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Version, Warned
from porch.storage.git.layout import (
    Layout,
    PackageRef,
    RefKind,
    deletion_ref,
    number_of,
    short,
)
from porch.storage.git.messages import workspace_of
from porch.storage.git.objects import Damaged, Objects, author_time, holds_kptfile

Refs = Mapping[str, str]  # ref -> object id, as the remote has them


class Listing:
    """The revisions of one registration; keeps what it has read."""

    def __init__(self, objects: Objects, layout: Layout, shown_url: str) -> None:
        self._objects = objects
        self._layout = layout
        self._url = shown_url
        self._read: dict[tuple[str, str], StoredRevision | Warned | None] = {}
        self._branch: dict[str, StoredRevision] = {}  # by package: as first seen with its tree
        self._branch_read = ""  # the commit that `_branch` was read at

    def revisions(self, refs: Refs) -> tuple[dict[RevisionId, StoredRevision], tuple[Warned, ...]]:
        """All revisions, and what had to be left out."""
        found: dict[RevisionId, StoredRevision] = {}
        warnings: list[Warned] = []
        for placeholder in self._placeholders(refs, warnings):
            found[placeholder.id] = self._marked(refs, placeholder)
        for kind in (RefKind.DRAFT, RefKind.PROPOSED, RefKind.TAG):
            for ref, oid in refs.items():
                parsed = self._layout.parse(ref)
                if parsed is None or parsed.kind is not kind:
                    continue
                revision = self._once(ref, oid, parsed)
                if isinstance(revision, Warned):
                    warnings.append(revision)
                elif revision is not None:
                    found[revision.id] = self._marked(refs, revision)
        return found, tuple(warnings)

    def revision(self, refs: Refs, ref: str) -> StoredRevision | None:
        """What one ref of the layout holds."""
        parsed, oid = self._layout.parse(ref), refs.get(ref)
        if parsed is None or oid is None:
            return None
        found = self._once(ref, oid, parsed)
        return self._marked(refs, found) if isinstance(found, StoredRevision) else None

    def tags(self, refs: Refs, full: str) -> Iterator[StoredRevision]:
        """The published revisions of a package."""
        prefix = f"refs/tags/{full}/"
        for ref in refs:
            if ref.startswith(prefix) and "/" not in ref[len(prefix) :]:
                found = self.revision(refs, ref)
                if found is not None:
                    yield found

    def _once(self, ref: str, oid: str, parsed: PackageRef) -> StoredRevision | Warned | None:
        key = (ref, oid)
        if key not in self._read:
            try:
                self._read[key] = self._revision(ref, oid, parsed)
            except Damaged as err:
                self._read[key] = Warned(short(ref), str(err))
        return self._read[key]

    def _revision(self, ref: str, oid: str, parsed: PackageRef) -> StoredRevision | Warned | None:
        package = self._layout.package(parsed.full)
        if parsed.kind is RefKind.DELETION or package is None:
            return None
        commit = self._objects.commit(oid)
        tree = self._objects.subtree(commit, parsed.full)
        if tree is None or not holds_kptfile(tree):
            return Warned(short(ref), f"there must be a Kptfile in {parsed.full!r} of its commit")
        lock = Lock(self._url, parsed.full, short(ref), str(commit.id))
        digest = Digest(f"tree:{tree.id}")
        if parsed.kind is not RefKind.TAG:
            proposed = parsed.kind is RefKind.PROPOSED
            return StoredRevision(
                id=RevisionId(package, parsed.last),
                lifecycle=Lifecycle.PROPOSED if proposed else Lifecycle.DRAFT,
                revision=0,
                digest=digest,
                version=Version(str(commit.id)),
                lock=lock,
            )
        number = number_of(parsed.last)
        return StoredRevision(
            id=RevisionId(package, self._workspace(commit, parsed, number)),
            lifecycle=Lifecycle.PUBLISHED,
            revision=number,
            digest=digest,
            version=Version(str(commit.id)),
            lock=lock,
            published_by=commit.author.email or commit.author.name,
            published_at=author_time(commit),
        )

    def _workspace(self, commit: pygit2.Commit, parsed: PackageRef, number: int) -> str:
        if number < 0:
            return parsed.last
        return workspace_of(commit.message, parsed.full) or f"v{number}"

    def _marked(self, refs: Refs, revision: StoredRevision) -> StoredRevision:
        """Published, or proposed for deletion when there is the branch that says so."""
        if not revision.lifecycle.is_published:
            return revision
        full = self._layout.full(revision.id.package)
        last = f"v{revision.revision}" if revision.revision > 0 else revision.id.workspace
        if deletion_ref(full, last) not in refs:
            return revision
        return replace(revision, lifecycle=Lifecycle.DELETION_PROPOSED)

    def _placeholders(self, refs: Refs, warnings: list[Warned]) -> list[StoredRevision]:
        """The packages on the branch itself, as they were when their trees were first seen."""
        oid = refs.get(self._layout.branch_ref)
        if oid is None or oid == self._branch_read:
            return list(self._branch.values())
        commit = self._objects.commit(oid)
        root = self._objects.subtree(commit, self._layout.directory)
        if root is not None and holds_kptfile(root):
            words = "a Kptfile at the root makes no package: it would hide all others"
            warnings.append(Warned(self._layout.directory or "/", words))
        packages = dict(self._objects.packages(root)) if root is not None else {}
        before, self._branch = self._branch, {}
        for package, tree in packages.items():
            digest = Digest(f"tree:{tree.id}")
            known = before.get(package)
            if known is not None and known.digest == digest:
                self._branch[package] = known
                continue
            full = self._layout.full(package)
            self._branch[package] = StoredRevision(
                id=RevisionId(package, self._layout.branch),
                lifecycle=Lifecycle.PUBLISHED,
                revision=-1,
                digest=digest,
                version=Version(str(tree.id)),
                lock=Lock(self._url, full, self._layout.branch, str(commit.id)),
            )
        self._branch_read = oid
        return list(self._branch.values())
