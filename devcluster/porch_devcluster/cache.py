"""The cache directory: what is built or installed once and used by every checkout.

Entries are directories that appear complete (made aside, then renamed) and are never changed.
Root      `$XDG_CACHE_HOME/porch`, `~/.cache/porch` without it.
Locks     one lock file per name; a second caller waits, and says so when it has to.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_root() -> Path:
    """Directory of everything that we keep between runs; made when it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    root = Path(base) / "porch"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock file `path`; calls `on_wait` once when somebody else holds it.

    The kernel releases the lock with the process, so a killed holder blocks nobody.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(directory: Path, *, keep: int) -> list[Path]:
    """Remove all but the `keep` most recently used entries; returns what went.

    A running program survives the loss of its file, so nothing needs to be stopped first.
    """
    entries = [path for path in directory.iterdir() if path.is_dir() and path.name[0] != "."]
    entries.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[keep:]:
        shutil.rmtree(path, ignore_errors=True)
    return entries[keep:]


def mark_used(entry: Path) -> None:
    """Tell `prune` that `entry` is in use now."""
    os.utime(entry)
