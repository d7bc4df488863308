"""Git objects through libgit2: trees, blobs and commits of one bare repository.

Blocking; called from one worker thread at a time. Objects that nothing refers to yet are kept:
garbage collection is off in a clone, which is a cache and may be thrown away.
Errors    Damaged when an object is missing or is not what a ref says it is; FileInTheWay;
          ContentTooLarge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from porch.errors import Permanent
from porch.kpt.content import BlobId, Content, Digest, File, FileMode, tree_id
from porch.storage.adapter import Identity
from porch.storage.git import packfile

COMMITTER = Identity("Package Orchestration Service", "porch@kpt.dev")
KPTFILE = "Kptfile"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_CONTENT_BYTES = 256 * 1024 * 1024  # of all files of a package together

_TREE = pygit2.enums.FileMode.TREE
_PLAIN = frozenset({b"40000", *(mode.encode() for mode in FileMode)})
_FORBIDDEN_IN_NAMES = str.maketrans("", "", "<>\n\r\0")


class Damaged(Permanent):
    """An object of the repository is missing or of the wrong kind."""

    reason = "RepositoryInvalid"


class UnreadableName(Damaged):
    """A file has a name that is no text."""


class FileInTheWay(Permanent):
    """Somebody's file lies where a package or its folder must be."""

    reason = "PathTaken"


class ContentTooLarge(Permanent):
    """A package has more bytes than are read into memory."""

    reason = "ContentTooLarge"


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
        self._odd: dict[Digest, str] = {}  # digest -> id of a tree with more than content can say

    def reopen(self, repository: pygit2.Repository) -> None:
        """Go on with another clone of the same remote."""
        self._repository = repository
        self._odd = {}

    def has(self, oid: str) -> bool:
        """Whether the object is here."""
        return oid in self._repository

    def commit(self, oid: str) -> pygit2.Commit:
        """The commit that an id, perhaps of an annotated tag, stands for."""
        found = self._repository.get(oid)
        if found is None:
            raise Damaged(f"object {oid} is missing")
        if isinstance(found, pygit2.Commit):
            return found
        try:
            return found.peel(pygit2.Commit)
        except (pygit2.InvalidSpecError, pygit2.GitError, ValueError) as err:
            raise Damaged(f"object {oid} must be a commit, found a {found.type_str}") from err

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether a commit is another one, or comes after it."""
        return commit == ancestor or self._repository.descendant_of(commit, ancestor)

    def commits_since(self, head: str, before: str) -> Iterator[pygit2.Commit]:
        """The commits of `head` that `before` ("" for none) does not have, newest first."""
        order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME
        walk = self._repository.walk(head, order)
        if before:
            walk.hide(before)
        return iter(walk)

    def subtree(self, commit: pygit2.Commit, path: str) -> pygit2.Tree | None:
        """The directory at a path; None when there is none."""
        tree = commit.tree
        for name in path.split("/") if path else ():
            found = tree[name] if name in tree else None  # noqa: SIM401 - a Tree has no `get`
            if not isinstance(found, pygit2.Tree):
                return None
            tree = found
        return tree

    def tree(self, oid: str) -> pygit2.Tree:
        """A tree that is here."""
        found = self._repository.get(oid)
        if not isinstance(found, pygit2.Tree):
            raise Damaged(f"tree {oid} is missing")
        return found

    def digest(self, tree: pygit2.Tree) -> Digest:
        """The digest of what `content` reads from a tree: its id, but for modes we do not have.

        Submodules, empty folders and group-writable files are such; git keeps them as they are.
        """
        if _is_plain(tree):
            return Digest(f"tree:{tree.id}")
        files = {
            path: File(BlobId(str(entry.id)), _mode(entry.filemode))
            for path, entry in _entries(tree, "")
        }
        try:
            digest = Digest("tree:" + tree_id(files))
        except UnicodeEncodeError:
            return Digest(f"tree:{tree.id}")  # it is listed, and `content` tells why not read
        self._odd[digest] = str(tree.id)
        return digest

    def size_bytes(self, tree: pygit2.Tree) -> int:
        """How much its files hold; what is missing counts as nothing, and is told when read."""
        known = self._repository.odb
        blobs = (entry.id for _, entry in _entries(tree, "") if entry.id in known)
        return sum(int(known.read_header(oid)[1]) for oid in blobs)

    def tree_of(self, digest: Digest) -> pygit2.Oid:
        """The id of the tree that a digest stands for."""
        return pygit2.Oid(hex=self._odd.get(digest, digest.removeprefix("tree:")))

    def content(self, digest: Digest) -> Content:
        """Every file of a tree; submodules are passed over."""
        tree = self.tree(str(self.tree_of(digest)))
        entries = list(_entries(tree, ""))
        _check_names(path for path, _ in entries)
        self._check_size(digest, (entry.id for _, entry in entries))
        return Content({path: self._file(entry) for path, entry in entries})

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
        taken = base is not None and head in base and not isinstance(base[head], pygit2.Tree)
        if taken:
            raise FileInTheWay(f"{head!r} must be a folder to hold a package, found a file")
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
        self, tree: pygit2.Oid, parents: Sequence[str], message: str, author: Identity
    ) -> str:
        """A commit that nothing refers to yet; its id."""
        now = datetime.now(UTC)
        commit = self._repository.create_commit(
            None, _signature(author, now), _signature(COMMITTER, now), message, tree, list(parents)
        )
        return str(commit)

    def pack(self, commits: Iterable[str]) -> bytes:
        """What a server that has the parents of these commits, or their children, lacks of them."""
        wanted: dict[pygit2.Oid, None] = {}
        for oid in commits:
            commit = self.commit(oid)
            wanted[commit.id] = None
            bases = [parent.tree for parent in commit.parents]
            self._gather(commit.tree, bases, wanted)
        return packfile.encode([self._raw(oid) for oid in wanted])

    def unpack(self, pack: bytes) -> None:
        """Keep the objects of a pack; BadPack when there is something wrong with it."""
        for kind, data in packfile.decode(pack):
            self._repository.odb.write(kind, data)

    def note_ref(self, ref: str, oid: str) -> None:
        """Let a branch that the clone has follow, so that the next fetch has less to ask."""
        if ref in self._repository.references:
            self._repository.references.create(ref, oid, force=True)

    def _gather(
        self, tree: pygit2.Tree, bases: list[pygit2.Tree], wanted: dict[pygit2.Oid, None]
    ) -> None:
        """Objects of a tree that none of the bases has at the same place."""
        if tree.id in wanted or any(base.id == tree.id for base in bases):
            return
        wanted[tree.id] = None
        for entry in tree:
            if entry.name is None or entry.filemode == pygit2.enums.FileMode.COMMIT:
                continue
            theirs = [base[entry.name] for base in bases if entry.name in base]
            if isinstance(entry, pygit2.Tree):
                inner = [each for each in theirs if isinstance(each, pygit2.Tree)]
                self._gather(entry, inner, wanted)
            elif all(each.id != entry.id for each in theirs):
                wanted[entry.id] = None

    def _raw(self, oid: pygit2.Oid) -> tuple[int, bytes]:
        kind, data = self._repository.odb.read(oid)
        return int(kind), data

    def _file(self, entry: pygit2.Object) -> File:
        return self.file(BlobId(str(entry.id)), _mode(entry.filemode))

    def _check_size(self, digest: Digest, blobs: Iterable[pygit2.Oid]) -> None:
        size = 0
        for oid in blobs:
            try:
                size += self._repository.odb.read_header(oid)[1]
            except KeyError as err:
                raise Damaged(f"blob {oid} is missing") from err
        if size > MAX_CONTENT_BYTES:
            raise ContentTooLarge(
                f"content {digest} must not exceed {MAX_CONTENT_BYTES} bytes, found {size}"
            )

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


def author_mail(commit: pygit2.Commit) -> str:
    """Who made the commit, by address when there is one."""
    return commit.author.email or commit.author.name


def _entries(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, pygit2.Object]]:
    for entry in tree:
        path = f"{prefix}{entry.name}"
        if isinstance(entry, pygit2.Tree):
            yield from _entries(entry, f"{path}/")
        elif entry.type == ObjectType.BLOB:
            yield path, entry


def _check_names(paths: Iterable[str]) -> None:
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError as err:
            raise UnreadableName(f"file name {path!r} must be UTF-8 to be read") from err


def _is_plain(tree: pygit2.Tree) -> bool:
    """Content says all there is in the tree.

    NB: libgit2 shows `100664` as `100644`; only the tree's own bytes tell them apart.
    """
    modes = _raw_modes(tree.read_raw())
    return len(modes) > 0 and modes <= _PLAIN and all(map(_is_plain, _subtrees(tree)))


def _subtrees(tree: pygit2.Tree) -> Iterator[pygit2.Tree]:
    return (entry for entry in tree if isinstance(entry, pygit2.Tree))


def _raw_modes(raw: bytes) -> frozenset[bytes]:
    """The modes of a tree object: `<mode> <name>\\0<20 bytes of id>`, again and again."""
    modes, at = set(), 0
    while at < len(raw):
        modes.add(raw[at : raw.index(b" ", at)])
        at = raw.index(b"\0", at) + 21
    return frozenset(modes)


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
    email = identity.email.translate(_FORBIDDEN_IN_NAMES).strip() or name
    return pygit2.Signature(name, email, int(when.timestamp()), 0)
