"""Changes a package directory to new content, so that no crash leaves it in between for long.

Effects   all new files are written into a journal inside of the directory first, then a plan marks
          the journal complete, then files are renamed into place. Before the plan a crash leaves
          the package as it was; after it, the next command that changes the package does the rest,
          and those that only look at it refuse to.
          The directory itself stays the same one: shells and editors are in it.
Modes     of existing files stay, but for the executable bit. Folders that become empty go.
Errors    Unwritable, ChangedMeanwhile.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from porch.cli.directory import version
from porch.cli.diskfiles import create_file
from porch.cli.errors import ChangedMeanwhile, Unwritable
from porch.cli.packages.localpackage import JOURNAL, PLAN, LocalPackage
from porch.kpt.content import Content
from porch.kpt.kptfile import KPTFILE

_FILES = "files"


@dataclass(frozen=True, slots=True)
class Plan:
    """Paths from the root, in the order in which they are dealt with."""

    remove: tuple[str, ...]
    write: tuple[str, ...]

    @classmethod
    def of(cls, before: Content, after: Content) -> "Plan":
        """What makes `after` of `before`; the Kptfile, which says what was fetched, comes last."""
        remove = sorted(before.keys() - after.keys())
        write = [
            path
            for path, file in after.items()
            if path not in before
            or (before[path].blob, before[path].mode) != (file.blob, file.mode)
        ]
        return cls(tuple(remove), tuple(sorted(write, key=lambda path: (path == KPTFILE, path))))


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Keep other commands of ours out of a package, and finish what a crashed one had begun."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _recover(root)
        yield
    except BlockingIOError as error:
        raise Unwritable(
            f"{str(root)!r} must be changed by one porchctl at a time, and another is at it: wait"
            " until it has ended"
        ) from error
    finally:
        os.close(descriptor)


def rewrite(package: LocalPackage, after: Content) -> None:
    """Make the content of the package on disk this one; to be called under `exclusive`."""
    plan = Plan.of(package.content, after)
    if not plan.remove and not plan.write:
        return
    try:
        prepare(package, after, plan)
        carry_out(package.root, plan)
    except OSError as error:
        raise Unwritable(f"{error.filename!r} must be writable: {error.strerror}") from error


def prepare(package: LocalPackage, after: Content, plan: Plan) -> None:
    """Write the journal; when this returns, the change will happen, whatever crashes."""
    journal = package.root / JOURNAL
    journal.mkdir()
    try:
        for path in plan.write:
            staged = journal / _FILES / path
            staged.parent.mkdir(parents=True, exist_ok=True)
            create_file(staged, after[path], permissions=_permissions(package.root / path))
        _check_unchanged(package, (*plan.remove, *plan.write))
        _check_folders(package.root, plan)
        draft = journal / f"{PLAN}.tmp"
        draft.write_text(json.dumps({"remove": plan.remove, "write": plan.write}))
        draft.rename(journal / PLAN)
    except BaseException:
        if not (journal / PLAN).exists():
            shutil.rmtree(journal, ignore_errors=True)
        raise


def carry_out(root: Path, plan: Plan) -> None:
    """Do what the journal says; what is done already is passed over."""
    for path in plan.remove:
        if _is_in_folders(root, path):
            (root / path).unlink(missing_ok=True)
            _remove_empty_folders(root, path)
    for path in plan.write:
        staged = root / JOURNAL / _FILES / path
        if os.path.lexists(staged):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            staged.replace(root / path)
    shutil.rmtree(root / JOURNAL)


def _recover(root: Path) -> None:
    """Finish a journal that is complete; drop one that is not."""
    journal = root / JOURNAL
    try:
        found = json.loads((journal / PLAN).read_text())
    except FileNotFoundError:
        shutil.rmtree(journal, ignore_errors=True)
        return
    try:
        carry_out(root, Plan(tuple(found["remove"]), tuple(found["write"])))
    except OSError as error:
        raise Unwritable(
            f"{error.filename!r} must be writable to finish an interrupted change of {str(root)!r}:"
            f" {error.strerror}"
        ) from error


def _permissions(target: Path) -> int | None:
    """Those of a file that is there; None for what is no file."""
    if target.is_symlink() or not target.is_file():
        return None
    return target.stat().st_mode & 0o777


def _check_unchanged(package: LocalPackage, paths: Iterable[str]) -> None:
    for path in paths:
        place = package.root / path
        found = version(place.lstat()) if os.path.lexists(place) and not _is_folder(place) else None
        if found != package.versions.get(path):
            raise ChangedMeanwhile(
                f"{path} must not change while the package is being changed: run it again"
            )


def _check_folders(root: Path, plan: Plan) -> None:
    """A folder that must make room for a file may hold nothing else."""
    gone = {root / path for path in plan.remove}
    for path in plan.write:
        place = root / path
        if _is_folder(place):
            for folder, _, names in os.walk(place):
                left = [name for name in names if Path(folder, name) not in gone]
                if left:
                    raise Unwritable(
                        f"{path} must become a file, and is a folder with {left[0]!r} in it"
                    )


def _is_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _is_in_folders(root: Path, path: str) -> bool:
    """Whether the path leads through folders only.

    NB: where a new file or link has taken a folder's place already, what was in the folder is gone,
    and the same path may lead to somebody else's file.
    """
    return all(_is_folder(root / parent) for parent in PurePosixPath(path).parents)


def _remove_empty_folders(root: Path, path: str) -> None:
    folder = (root / path).parent
    with suppress(OSError):  # it is not empty
        while folder != root:
            folder.rmdir()
            folder = folder.parent
