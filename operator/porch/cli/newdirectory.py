"""A new directory with a package in it: there as a whole, or not at all.

Effects   files go to a directory of another name beside it, which is then renamed. After a crash
          that one is left; the next write of the same name removes it.
Errors    Unwritable.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from porch.cli.diskfiles import create_file
from porch.cli.errors import Unwritable
from porch.kpt.content import File

SUFFIX = ".porch-tmp"


def write_new(directory: Path, files: Mapping[str, File]) -> None:
    """Make the directory, and the folders above it."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _sweep(directory)
        with _staging(directory) as staging:
            for path, file in files.items():
                place = staging / path
                place.parent.mkdir(parents=True, exist_ok=True)
                create_file(place, file)
            if os.path.lexists(directory):
                raise Unwritable(f"{str(directory)!r} must not exist, and has just come to be")
            staging.rename(directory)
    except OSError as error:
        raise Unwritable(f"{error.filename!r} must be writable: {error.strerror}") from error


@contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A directory to fill, locked while it is filled; gone if it is not used."""
    staging = directory.parent / f".{directory.name}.{secrets.token_hex(4)}{SUFFIX}"
    staging.mkdir()
    descriptor = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield staging
    finally:
        os.close(descriptor)
        shutil.rmtree(staging, ignore_errors=True)


def _sweep(directory: Path) -> None:
    """Remove what crashed writes of the same directory left."""
    for left in directory.parent.glob(f".{_literal(directory.name)}.*{SUFFIX}"):
        try:
            descriptor = os.open(left, os.O_RDONLY)
        except FileNotFoundError:  # it has just become what it was made for
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
        shutil.rmtree(left, ignore_errors=True)


def _literal(name: str) -> str:
    """The name with no character that a pattern gives a meaning to."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)
