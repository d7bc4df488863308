"""A package on disk, read whole: every file with its mode, links as links.

Effects: reads. `.git` directories are no part of a package, nor is what an interrupted write of
ours left behind.
Errors    UnusableDirectory, BadPackage for sizes, BadPath.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from porch.cli.directory import Version, check_size, refuse_unreadable, utf8_path, version
from porch.cli.diskfiles import read_file
from porch.cli.errors import UnusableDirectory
from porch.kpt.content import Content, File
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, BadPackage, text_of
from porch.kpt.kptfile import KPTFILE, Kptfile, parse_kptfile

JOURNAL = ".porch-update"  # what a write of ours is about to do; see rewriting.py
PLAN = "plan.json"  # in the journal: it is complete
_NOT_OURS = frozenset({".git", JOURNAL})


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """What was read."""

    root: Path  # absolute, links resolved
    content: Content
    versions: Mapping[str, Version]


def kptfile_of(content: Mapping[str, File], directory: str = "", *, shown: str = "") -> Kptfile:
    """The Kptfile of the package in a directory of the content, which errors call `shown`."""
    source = f"{directory}/{KPTFILE}" if directory else KPTFILE
    file = content.get(source)
    if file is None:
        where = shown or directory or "."
        raise UnusableDirectory(
            f"{where!r} must be a package, and has no {KPTFILE}: `porchctl pkg get` gets a package,"
            f" `porchctl pkg init {where}` makes one"
        )
    return parse_kptfile(text_of(file.data or b"", source), source=source)


def package_root(directory: str | Path) -> Path:
    """The directory itself, absolute, links resolved."""
    root = Path(directory).resolve()
    if not root.is_dir():
        found = "a file" if root.exists() else "nothing"
        raise UnusableDirectory(f"{str(directory)!r} must be a directory, found {found}")
    return root


def read_content(directory: str | Path) -> LocalPackage:
    """Read a directory, whether or not it has a Kptfile."""
    root = package_root(directory)
    if (root / JOURNAL / PLAN).exists():
        raise UnusableDirectory(
            f"{str(directory)!r} must be whole, and a change of it was interrupted: `porchctl pkg"
            f" update {directory}` finishes it"
        )
    files: dict[str, File] = {}
    versions: dict[str, Version] = {}
    total, limits = 0, DEFAULT_PACKAGE_LIMITS
    for path, place in _entries(root):
        try:
            status = place.lstat()
            total += status.st_size
            check_size(path, status.st_size, total, limits)
            file = read_file(place, status)
        except OSError as error:
            raise UnusableDirectory(f"{path} must be readable: {error.strerror}") from error
        if file is not None:
            files[path], versions[path] = file, version(status)
    return LocalPackage(root, Content(files), versions)


def _entries(root: Path) -> Iterator[tuple[str, Path]]:
    """All that is no directory, by its path from the root."""
    count = 0
    for folder, folders, names in os.walk(root, onerror=refuse_unreadable):
        here = Path(folder)
        links = [each for each in folders if (here / each).is_symlink()]
        folders[:] = sorted(set(folders).difference(links, _NOT_OURS))
        for name in sorted([*names, *links]):
            if name in _NOT_OURS:
                continue
            place = here / name
            path = place.relative_to(root).as_posix()
            count += 1
            if count > DEFAULT_PACKAGE_LIMITS.max_files:
                most = DEFAULT_PACKAGE_LIMITS.max_files
                raise BadPackage(f"a package must have at most {most} files, found more in {root}")
            yield utf8_path(path), place
