"""The content of one package: path -> file, with the id that git would give it.

Pure. Values: paths are POSIX, relative to the package root; modes are git's; ids are SHA-1 object
ids, 40 lower-case hex digits; a digest is `tree:<id of the tree>`, so it equals the id of the
package's subtree in any SHA-1 git repository and is computed without one.
Errors: BadPath, TooLarge. Cost: one SHA-1 pass over each file, done when the file is made.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NewType

from porch.errors import Permanent

BlobId = NewType("BlobId", str)  # id of a git blob, 40 hex digits
Digest = NewType("Digest", str)  # "tree:" and the id of a git tree

MAX_PATH = 1024  # characters, as the CRD's rule on `spec.resources`

_FORBIDDEN_SEGMENT = re.compile(r"(^|/)(\.|\.\.|\.git[. ]*|git~1)?(/|$)", re.IGNORECASE)
_FORBIDDEN_CHARACTER = re.compile(r"[\x00-\x1f\\]")


class BadPath(Permanent):
    """A path could leave the package, or cannot be stored by git."""

    reason = "BadPath"


class FileMode(StrEnum):
    """Modes that a package file can have, as git writes them."""

    REGULAR = "100644"
    EXECUTABLE = "100755"
    SYMLINK = "120000"


@dataclass(frozen=True, slots=True)
class File:
    """One file; `data` is None when only its id is known and its bytes stay in a repository."""

    blob: BlobId
    mode: FileMode = FileMode.REGULAR
    data: bytes | None = None

    @classmethod
    def of(cls, data: bytes, mode: FileMode = FileMode.REGULAR) -> "File":
        """A file from its bytes; a symlink's bytes are its target."""
        header = b"blob %d\0" % len(data)
        return cls(BlobId(_sha1(header + data)), mode, data)

    @property
    def text(self) -> str | None:
        """The file as text, or None for what is not: symlinks, binaries, unread bytes."""
        if self.mode is FileMode.SYMLINK or self.data is None or b"\0" in self.data:
            return None
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return None


class Content(Mapping[str, File]):
    """An immutable mapping of path to file; equal when the digests are equal."""

    def __init__(self, files: Mapping[str, File]) -> None:
        for path in files:
            check_path(path)
        self._files = dict(files)
        _check_no_file_is_a_directory(self._files)

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> "Content":
        """Content of regular text files only."""
        return cls({path: File.of(text.encode()) for path, text in texts.items()})

    def __getitem__(self, path: str) -> File:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> Digest:
        """The id of the git tree that holds exactly this content."""
        return Digest("tree:" + tree_id(self._files))

    @cached_property
    def texts(self) -> dict[str, str]:
        """The files that are text, as `spec.resources` shows them."""
        return {path: text for path, file in self._files.items() if (text := file.text) is not None}

    @property
    def carried(self) -> dict[str, File]:
        """What text alone does not say: symlinks, binaries, and executable text files."""
        return {
            path: file
            for path, file in self._files.items()
            if file.mode is not FileMode.REGULAR or file.text is None
        }

    def edited(self, texts: Mapping[str, str]) -> "Content":
        """This content with its text replaced by `texts`; see `combine`."""
        return combine(texts, self.carried)


def combine(texts: Mapping[str, str], carried: Mapping[str, File]) -> Content:
    """Complete content from the text that a client wrote and what text cannot carry.

    A text file keeps the executable bit that `carried` has for its path. A binary file or a
    symlink stays, unless a text took its path. An executable text file that `texts` lacks is gone.
    """
    files = {path: file for path, file in carried.items() if not _is_executable_text(file)}
    for path, text in texts.items():
        before = carried.get(path)
        executable = before is not None and before.mode is FileMode.EXECUTABLE
        mode = FileMode.EXECUTABLE if executable else FileMode.REGULAR
        files[path] = File.of(text.encode(), mode)
    return Content(files)


def check_path(path: str) -> None:
    """Raise BadPath unless `path` is relative, normal, and storable by git."""
    if len(path) > MAX_PATH:
        raise BadPath(f"path {path[:60]!r}… must have at most {MAX_PATH} characters")
    if _FORBIDDEN_SEGMENT.search(path) or _FORBIDDEN_CHARACTER.search(path):
        raise BadPath(
            f"path {path!r} must be relative to the package, with '/' between its parts and no "
            f"empty part, '.', '..', '.git', backslash or control character"
        )


def tree_id(files: Mapping[str, File]) -> str:
    """The id of the git tree of `files`, 40 hex digits (git's pack format, tree objects)."""
    blobs: list[tuple[bytes, bytes]] = []
    folders: dict[str, dict[str, File]] = {}
    for path, file in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(head, {})[rest] = file
        else:
            name = head.encode()
            entry = file.mode.encode() + b" " + name + b"\0" + bytes.fromhex(file.blob)
            blobs.append((name, entry))
    for folder, inside in folders.items():
        name = folder.encode()
        entry = b"40000 " + name + b"\0" + bytes.fromhex(tree_id(inside))
        blobs.append((name + b"/", entry))
    body = b"".join(entry for _, entry in sorted(blobs))
    return _sha1(b"tree %d\0" % len(body) + body)


def _is_executable_text(file: File) -> bool:
    return file.mode is FileMode.EXECUTABLE and file.text is not None


def _check_no_file_is_a_directory(files: Mapping[str, File]) -> None:
    for path in files:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in files:
                raise BadPath(f"path {folder!r} must not be both a file and the folder of {path!r}")
            folder = folder.rpartition("/")[0]


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
