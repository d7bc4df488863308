"""Writes what a render made into the package directory: all of it, or nothing.

Effects   new texts go to temporary names beside their targets first; then each is renamed over its
          target, and what must go is removed last. A fault before the first rename leaves the
          directory as it was. A crash between two renames leaves whole files only, and a second
          run does the rest.
Modes     of existing files stay; new files have the default one. Links are never written through.
Errors    Unwritable, ChangedMeanwhile.
"""

import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from porch.cli.directory import PackageDirectory, version
from porch.cli.errors import ChangedMeanwhile, Unwritable

SUFFIX = ".porch-tmp"  # of temporary names; no resource file ends so


def replace_files(
    package: PackageDirectory, *, write: Mapping[str, bytes], remove: Iterable[str]
) -> None:
    """Write and remove the files at these paths from the root."""
    gone = sorted(remove)
    try:
        with ExitStack() as undo:
            staged = [(_staged(package, path, write[path], undo), path) for path in sorted(write)]
            _check_unchanged(package, [*write, *gone])
            for temporary, path in staged:
                temporary.replace(package.root / path)
            undo.pop_all()
        for path in gone:
            (package.root / path).unlink()
    except OSError as error:
        raise Unwritable(f"{error.filename!r} must be writable: {error.strerror}") from error


def _staged(package: PackageDirectory, path: str, data: bytes, undo: ExitStack) -> Path:
    """A file with the data, in the directory of its target."""
    target = package.root / path
    _make_folders(package.root, path, undo)
    mode = _mode(target, path)
    temporary = target.parent / f".{secrets.token_hex(8)}{SUFFIX}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    undo.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if mode is not None:
            os.fchmod(descriptor, mode)
    return temporary


def _make_folders(root: Path, path: str, undo: ExitStack) -> None:
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        folder = root / parent
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise Unwritable(f"{path}: {str(parent)!r} must be a directory in the package")
        if not folder.exists():
            folder.mkdir()
            undo.callback(folder.rmdir)


def _mode(target: Path, path: str) -> int | None:
    """The permissions of the file that is there; None when there is none."""
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise Unwritable(f"{path} must be a file, found a link, a directory or a device")
    return stat.S_IMODE(mode)


def _check_unchanged(package: PackageDirectory, paths: Iterable[str]) -> None:
    for path in paths:
        file = package.root / path
        if path not in package.versions:
            if file.exists():
                raise Unwritable(
                    f"{path} must not be there: a function made a file of this name, and would"
                    " replace one that it never saw"
                )
        elif not file.exists() or version(file.lstat()) != package.versions[path]:
            raise ChangedMeanwhile(f"{path} must not change during a render: run it again")
