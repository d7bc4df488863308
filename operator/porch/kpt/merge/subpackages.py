"""Sub-packages that are settled as wholes, so that no half of one is left.

Pure. A sub-package is a directory with a Kptfile; its subtree goes with it.
Rules     removed upstream: gone with all it holds if local changed nothing in it, else kept as it
          is. Removed locally: stays away, also what updated has added to it. Of another upstream
          than it was: local upgraded it on its own, so it is left alone. Everything else merges
          file by file. Where the other side had changed something, a conflict names the directory.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from posixpath import dirname

from porch.kpt.content import File, tree_id
from porch.kpt.files import package_directories
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge.changes import changed_files
from porch.kpt.merge.conflicts import Conflict, Taken
from porch.kpt.merge.kptfiles import read_kptfile_of
from porch.kpt.merge.sameness import same_data
from porch.kpt.merge.sides import PackageFiles, Side, Three
from porch.kpt.yaml.limits import YamlLimits


@dataclass(slots=True)
class Settled:
    """Sub-packages that are not merged file by file."""

    kept: list[str] = field(default_factory=list)  # their files stay as local has them, if it does
    gone: list[str] = field(default_factory=list)  # their files go
    conflicts: list[Conflict] = field(default_factory=list)

    def holds(self, path: str) -> bool:
        """Whether a file is in one of these sub-packages."""
        return _is_in(path, self.kept) or self.removes(path)

    def removes(self, path: str) -> bool:
        """Whether a file goes with its sub-package."""
        return _is_in(path, self.gone)


def _is_in(path: str, directories: Iterable[str]) -> bool:
    return any(path.startswith(f"{each}/") for each in directories)


def settle(sides: Three[PackageFiles], *, limits: YamlLimits) -> Settled:
    """The sub-packages that no merge of files may touch, outermost first."""
    settled = Settled()
    directories = [each for each in package_directories(sides.original) if each]
    subtrees = sides.map(lambda files: _subtrees(files, set(directories)))
    for directory in directories:
        if not settled.holds(f"{directory}/{KPTFILE}"):
            original, updated, local = (found[directory] for found in subtrees)
            _settle(directory, Three(original, updated, local), settled, limits)
    return settled


def _subtrees(files: PackageFiles, directories: Container[str]) -> dict[str, dict[str, File]]:
    """What each of these directories holds, also deeper down, by path in it."""
    found: dict[str, dict[str, File]] = defaultdict(dict)
    for path, file in files.items():
        directory = dirname(path)
        while directory:
            if directory in directories:
                found[directory][path[len(directory) + 1 :]] = file
            directory = dirname(directory)
    return found


def _settle(
    directory: str, sides: Three[dict[str, File]], settled: Settled, limits: YamlLimits
) -> None:
    original, updated, local = sides
    if local and not updated and not changed_files(original, local, limits=limits):
        settled.gone.append(directory)
    elif not (local and updated):
        settled.kept.append(directory)
        if local or (updated and changed_files(original, updated, limits=limits)):
            settled.conflicts.append(_conflict(directory, sides))
    elif updated in (original, local):
        return  # whatever its Kptfile says, its files need no merge
    elif _has_other_upstream(directory, original, local, limits):
        settled.kept.append(directory)


def _has_other_upstream(
    directory: str, original: PackageFiles, local: PackageFiles, limits: YamlLimits
) -> bool:
    path = f"{directory}/{KPTFILE}"
    before = read_kptfile_of(Side.ORIGINAL, original.get(KPTFILE), path, limits=limits)
    now = read_kptfile_of(Side.LOCAL, local.get(KPTFILE), path, limits=limits)
    if before is None or now is None:
        return False
    was = before.root.at("upstream", "git")
    return was is not None and not same_data(was, now.root.at("upstream", "git"))


def _conflict(directory: str, sides: Three[dict[str, File]]) -> Conflict:
    base, theirs, ours = (tree_id(files) if files else None for files in sides)
    return Conflict(directory, None, "", base, ours, theirs, taken=Taken.LOCAL)
