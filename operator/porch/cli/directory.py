"""A package directory, read: the files that a render looks at, and how each was on disk.

Effects: reads. Only resources and `.krmignore` files are read; whatever else is in the directory
(binaries, documents, `.git`) is never opened, so it stays as it is at no cost.
Links     symbolic links are not followed and not read, neither to files nor to directories; the
          directory itself may be one.
Errors    UnusableDirectory, and BadPackage for sizes, which are looked at before a file is opened.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from porch.cli.errors import UnusableDirectory
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, BadPackage, PackageLimits, is_resource_file
from porch.kpt.krmignore import KRMIGNORE

Version = tuple[int, int, int]  # inode, size in bytes, time of the last change in nanoseconds


@dataclass(frozen=True, slots=True)
class PackageDirectory:
    """What was read, by POSIX path from the root."""

    root: Path  # absolute, links resolved
    files: Mapping[str, bytes]
    versions: Mapping[str, Version]

    @classmethod
    def read(
        cls, directory: str, limits: PackageLimits = DEFAULT_PACKAGE_LIMITS
    ) -> "PackageDirectory":
        """Read the package at `directory`."""
        root = Path(directory).resolve()
        if not root.is_dir():
            found = "a file" if root.exists() else "nothing"
            raise UnusableDirectory(f"{directory!r} must be a directory, found {found}")
        files: dict[str, bytes] = {}
        versions: dict[str, Version] = {}
        total = 0
        for path, status in _regular_files(root):
            total += status.st_size
            check_size(path, status.st_size, total, limits)
            if len(files) == limits.max_files:
                raise BadPackage(
                    f"a package must have at most {limits.max_files} files with resources,"
                    " found more"
                )
            files[path] = _content(root / path, path)
            versions[path] = version(status)
        return cls(root, files, versions)


def version(status: os.stat_result) -> Version:
    """What changes when somebody writes to a file."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def _regular_files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The files worth reading."""
    for folder, folders, names in os.walk(root, onerror=refuse_unreadable):
        folders[:] = sorted(each for each in folders if each != ".git")
        for name in sorted(names):
            if not is_resource_file(name) and name != KRMIGNORE:
                continue
            file = Path(folder, name)
            path = utf8_path(file.relative_to(root).as_posix())
            status = os.lstat(file)
            if stat.S_ISREG(status.st_mode):
                yield path, status


def refuse_unreadable(error: OSError) -> None:
    """What a walk does with a folder that it cannot list."""
    raise UnusableDirectory(f"{error.filename!r} must be readable: {error.strerror}") from error


def utf8_path(path: str) -> str:
    """The path, if it is text."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UnusableDirectory(
            f"{os.fsencode(path)!r}: the name of a file must be UTF-8"
        ) from error
    return path


def check_size(path: str, size: int, total: int, limits: PackageLimits) -> None:
    """Raise BadPackage for a file, or all files so far together, of too many bytes."""
    if size > limits.max_file_bytes:
        raise BadPackage(
            f"{path}: a file must have at most {limits.max_file_bytes} bytes, found {size}"
        )
    if total > limits.max_total_bytes:
        raise BadPackage(
            f"a package must have at most {limits.max_total_bytes} bytes, found more at {path}"
        )


def _content(file: Path, path: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnusableDirectory(f"{path} must be readable: {error.strerror}") from error
