"""Single files of a package, from and to disk.

Effects: reads and writes what it is given. Links are never followed: they are files whose bytes are
their target.
"""

import os
import stat
from pathlib import Path

from porch.kpt.content import File, FileMode

_ANY_EXECUTE = 0o111


def read_file(path: Path, status: os.stat_result) -> File | None:
    """The file at a path; None for a socket, a pipe or a device."""
    if stat.S_ISLNK(status.st_mode):
        return File.of(os.fsencode(path.readlink()), FileMode.SYMLINK)
    if not stat.S_ISREG(status.st_mode):
        return None
    is_executable = bool(status.st_mode & stat.S_IXUSR)
    return File.of(path.read_bytes(), FileMode.EXECUTABLE if is_executable else FileMode.REGULAR)


def create_file(path: Path, file: File, *, permissions: int | None = None) -> None:
    """Write a file that is not there yet; `permissions` are those that it had under its name."""
    data = file.data or b""
    if file.mode is FileMode.SYMLINK:
        path.symlink_to(os.fsdecode(data))
        return
    is_executable = file.mode is FileMode.EXECUTABLE
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o777 if is_executable else 0o666)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        if permissions is not None:
            os.fchmod(descriptor, _with_execute(permissions, is_executable=is_executable))


def _with_execute(permissions: int, *, is_executable: bool) -> int:
    """Who may read may execute, or nobody."""
    without = permissions & ~_ANY_EXECUTE
    return without | (without & 0o444) >> 2 if is_executable else without
