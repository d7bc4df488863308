"""The packages on the registered branch itself: revisions without a number.

Reads objects, changes nothing. A placeholder stays what it was while its tree does: another
package's publication, which moves the branch, is no change of it.
"""

from collections.abc import Iterator

import pygit2

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Version, Warned
from porch.storage.git.history import History
from porch.storage.git.layout import Layout
from porch.storage.git.objects import Objects, holds_kptfile

MAX_REMEMBERED = 200_000  # directories whose packages are known; then it begins anew

PackageTree = tuple[str, str]  # path below a directory, "" for itself; id of its tree


class Placeholders:
    """The placeholders of one registration, as of the branch's last known head."""

    def __init__(self, objects: Objects, layout: Layout, *, url: str, history: History) -> None:
        self._objects = objects
        self._layout = layout
        self._url = url
        self._history = history
        self._head = ""
        self._packages: dict[str, StoredRevision] = {}
        self._below: dict[str, tuple[PackageTree, ...]] = {}  # by id of the directory's tree
        self.warnings: tuple[Warned, ...] = ()

    def at(self, head: str) -> list[StoredRevision]:
        """All packages; directories that are as they were are not read again."""
        if head != self._head:
            root = None
            if head:
                root = self._objects.subtree(self._objects.commit(head), self._layout.directory)
            self.warnings = self._doubts(head, root)
            trees = self._walk(root) if root is not None else ()
            self._packages = {package: self._kept(package, tree, head) for package, tree in trees}
            self._head = head
        return list(self._packages.values())

    def one(self, head: str, package: str) -> StoredRevision | None:
        """One package."""
        if not head:
            return None
        tree = self._objects.subtree(self._objects.commit(head), self._layout.full(package))
        if tree is None or not holds_kptfile(tree):
            return None
        return self._kept(package, str(tree.id), head)

    def _doubts(self, head: str, root: pygit2.Tree | None) -> tuple[Warned, ...]:
        where = self._layout.directory or "/"
        if head and root is None:
            words = "the directory is not on the branch; the first publication makes it"
            return (Warned(where, words),)
        if root is not None and holds_kptfile(root):
            words = "a Kptfile at the root makes no package: it would hide all others"
            return (Warned(where, words),)
        return ()

    def _walk(self, tree: pygit2.Tree) -> Iterator[PackageTree]:
        """Directories with a Kptfile; what is below one is its content."""
        if len(self._below) > MAX_REMEMBERED:
            self._below.clear()
        for entry in tree:
            if not isinstance(entry, pygit2.Tree) or entry.name is None:
                continue
            key = str(entry.id)
            if key not in self._below:
                is_package = holds_kptfile(entry)
                self._below[key] = (("", key),) if is_package else tuple(self._walk(entry))
            for path, oid in self._below[key]:
                yield f"{entry.name}/{path}" if path else entry.name, oid

    def _kept(self, package: str, tree: str, head: str) -> StoredRevision:
        known = self._packages.get(package)
        if known is not None and known.version == tree:
            return known
        full = self._layout.full(package)
        trace = self._history.trace(full)
        found = self._objects.tree(tree)
        return StoredRevision(
            id=RevisionId(package, self._layout.branch),
            lifecycle=Lifecycle.PUBLISHED,
            revision=-1,
            digest=self._objects.digest(found),
            size_bytes=self._objects.size_bytes(found),
            version=Version(tree),
            lock=Lock(self._url, full, self._layout.branch, self._made_by(full, tree) or head),
            published_by=trace.by if trace else "",
            published_at=trace.at if trace else None,
        )

    def _made_by(self, full: str, tree: str) -> str:
        """The last commit that says it changed the package, if nobody did so silently since."""
        trace = self._history.trace(full)
        if trace is None:
            return ""
        found = self._objects.subtree(self._objects.commit(trace.commit), full)
        return trace.commit if found is not None and str(found.id) == tree else ""
