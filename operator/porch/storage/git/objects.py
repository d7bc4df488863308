"""Git objects through libgit2: trees, blobs and commits of one bare repository.

Blocking; called from one worker thread at a time. Objects that nothing refers to yet are kept:
garbage collection is off in a clone, which is a cache and may be thrown away.
Errors    Damaged when an object is missing or is not what a ref says it is.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pygit2

from porch.errors import Permanent
from porch.kpt.content import BlobId, Content, Digest, File, FileMode
from porch.storage.adapter import Identity

COMMITTER = Identity("Package Orchestration Service", "porch@kpt.dev")
KPTFILE = "Kptfile"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

_TREE = pygit2.enums.FileMode.TREE
_FORBIDDEN_IN_NAMES = str.maketrans("", "", "<>\n\r\0")


class Damaged(Permanent):
    """An object of the repository is missing or of the wrong kind."""

    reason = "RepositoryInvalid"


def open_bare(directory: Path) -> pygit2.Repository:
    """The bare repository of a directory, made when it is not there."""
    if (directory / "HEAD").is_file():
        return pygit2.Repository(str(directory))
    directory.mkdir(parents=True, exist_ok=True)
    return pygit2.init_repository(str(directory), bare=True)


class Objects:
    """Reads and writes objects."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository

    def has(self, oid: str) -> bool:
        """Whether the object is here."""
        return oid in self._repository

    def commit(self, oid: str) -> pygit2.Commit:
        """The commit that an id, perhaps of an annotated tag, stands for."""
        found = self._repository.get(oid)
        if found is None:
            raise Damaged(f"object {oid} is missing")
        try:
            return found.peel(pygit2.Commit)
        except (pygit2.GitError, ValueError) as err:
            raise Damaged(f"object {oid} must be a commit, found a {found.type_str}") from err

    def subtree(self, commit: pygit2.Commit, path: str) -> pygit2.Tree | None:
        """The directory at a path; None when there is none."""
        try:
            found = commit.tree[path] if path else commit.tree
        except KeyError:
            return None
        return found if isinstance(found, pygit2.Tree) else None

    def packages(self, tree: pygit2.Tree, prefix: str = "") -> Iterator[tuple[str, pygit2.Tree]]:
        """Directories with a Kptfile, and their trees; what is below one is its content."""
        for entry in tree:
            if not isinstance(entry, pygit2.Tree) or entry.name is None:
                continue
            path = f"{prefix}{entry.name}"
            if holds_kptfile(entry):
                yield path, entry
            else:
                yield from self.packages(entry, f"{path}/")

    def content(self, digest: Digest) -> Content:
        """Every file of a tree; submodules are passed over."""
        tree = self._repository.get(digest.removeprefix("tree:"))
        if not isinstance(tree, pygit2.Tree):
            raise Damaged(f"content {digest} is missing")
        return Content(dict(_files(tree, "")))

    def file(self, blob: BlobId, mode: FileMode) -> File:
        """A file whose blob is here."""
        found = self._repository.get(blob)
        if not isinstance(found, pygit2.Blob):
            raise Damaged(f"blob {blob} is missing")
        return File(blob, mode, found.data)

    def write_content(self, content: Content) -> pygit2.Oid:
        """The tree of a content; its files are written too."""
        for file in content.values():
            if file.data is not None:
                self._repository.create_blob(file.data)
            elif file.blob not in self._repository:
                raise Damaged(f"blob {file.blob} is missing")
        return self._write_tree(content)

    def replaced(self, base: pygit2.Tree | None, path: str, new: pygit2.Oid | None) -> pygit2.Oid:
        """`base` with the directory at `path` replaced, or removed; empty parents go too."""
        head, slash, rest = path.partition("/")
        builder = self._repository.TreeBuilder(base) if base else self._repository.TreeBuilder()
        child = new
        if slash:
            inner = base[head] if base is not None and head in base else None
            child = self.replaced(inner if isinstance(inner, pygit2.Tree) else None, rest, new)
            if str(child) == EMPTY_TREE:
                child = None
        if child is not None:
            builder.insert(head, child, _TREE)
        elif builder.get(head) is not None:
            builder.remove(head)
        return builder.write()

    def create_commit(
        self, tree: pygit2.Oid, parents: list[str], message: str, author: Identity
    ) -> str:
        """A commit that nothing refers to yet; its id."""
        now = datetime.now(UTC)
        commit = self._repository.create_commit(
            None, _signature(author, now), _signature(COMMITTER, now), message, tree, list(parents)
        )
        return str(commit)

    def note_ref(self, ref: str, oid: str) -> None:
        """Let the clone's own refs follow a push, so that the next fetch has less to ask."""
        if not oid:
            if ref in self._repository.references:
                self._repository.references.delete(ref)
        else:
            self._repository.references.create(ref, oid, force=True)

    def _write_tree(self, files: Mapping[str, File]) -> pygit2.Oid:
        builder = self._repository.TreeBuilder()
        folders: dict[str, dict[str, File]] = {}
        for path, file in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(head, {})[rest] = file
            else:
                builder.insert(head, pygit2.Oid(hex=file.blob), int(file.mode, 8))
        for folder, inside in folders.items():
            builder.insert(folder, self._write_tree(inside), _TREE)
        return builder.write()


def holds_kptfile(tree: pygit2.Tree) -> bool:
    """Whether a directory is a package."""
    return KPTFILE in tree and isinstance(tree[KPTFILE], pygit2.Blob)


def author_time(commit: pygit2.Commit) -> datetime:
    """When the author made the commit, in UTC."""
    zone = timezone(timedelta(minutes=commit.author.offset))
    return datetime.fromtimestamp(commit.author.time, zone).astimezone(UTC)


def _files(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, File]]:
    for entry in tree:
        path = f"{prefix}{entry.name}"
        if isinstance(entry, pygit2.Tree):
            yield from _files(entry, f"{path}/")
        elif isinstance(entry, pygit2.Blob):
            yield path, File(BlobId(str(entry.id)), _mode(entry.filemode), entry.data)


def _mode(mode: int) -> FileMode:
    match mode:
        case pygit2.enums.FileMode.LINK:
            return FileMode.SYMLINK
        case pygit2.enums.FileMode.BLOB_EXECUTABLE:
            return FileMode.EXECUTABLE
        case _:
            return FileMode.REGULAR


def _signature(identity: Identity, when: datetime) -> pygit2.Signature:
    name = identity.name.translate(_FORBIDDEN_IN_NAMES).strip() or COMMITTER.name
    email = identity.email.translate(_FORBIDDEN_IN_NAMES).strip() or COMMITTER.email
    return pygit2.Signature(name, email, int(when.timestamp()), 0)
