"""Sub-packages that are settled as wholes, so that no half of one is left.

Pure. A sub-package is a directory with a Kptfile; its subtree goes with it.
Rules     removed upstream: gone with all it holds if local changed nothing in it, else kept as it
          is. Removed locally: stays away, also what updated has added to it. Of another upstream
          than it was: local upgraded it on its own, so it is left alone. Everything else merges
          file by file. Where the other side had changed something, a conflict names the directory.
"""

from dataclasses import dataclass, field

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
    """Directories whose subtree stays as local has it (which may be: away)."""

    directories: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # unlike the others, removed from local
    conflicts: list[Conflict] = field(default_factory=list)

    def holds(self, path: str) -> bool:
        """Whether a file is in one of the settled sub-packages."""
        return any(path.startswith(f"{each}/") for each in (*self.directories, *self.gone))

    def removes(self, path: str) -> bool:
        """Whether a file of local goes with its sub-package."""
        return any(path.startswith(f"{each}/") for each in self.gone)


def settle(sides: Three[PackageFiles], *, limits: YamlLimits) -> Settled:
    """The sub-packages that no merge of files may touch, outermost first."""
    settled = Settled()
    for directory in package_directories({*sides.original, *sides.local}):
        if directory and not settled.holds(f"{directory}/{KPTFILE}"):
            _settle(directory, sides, settled, limits)
    return settled


def _settle(
    directory: str, sides: Three[PackageFiles], settled: Settled, limits: YamlLimits
) -> None:
    original, updated, local = sides.map(lambda files: _below(files, directory))
    if KPTFILE not in original:
        return
    if not updated and local:
        if changed_files(original, local, limits=limits):
            settled.directories.append(directory)
            settled.conflicts.append(_conflict(directory, Three(original, updated, local)))
        else:
            settled.gone.append(directory)
    elif not local:
        settled.directories.append(directory)
        if updated and changed_files(original, updated, limits=limits):
            settled.conflicts.append(_conflict(directory, Three(original, updated, local)))
    elif _has_other_upstream(directory, original, local, limits):
        settled.directories.append(directory)


def _below(files: PackageFiles, directory: str) -> dict[str, File]:
    """The subtree of a directory, by path in it."""
    start = f"{directory}/"
    return {path[len(start) :]: file for path, file in files.items() if path.startswith(start)}


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


def _conflict(directory: str, sides: Three[PackageFiles]) -> Conflict:
    base, theirs, ours = (tree_id(files) if files else None for files in sides)
    return Conflict(directory, None, "", base, ours, theirs, taken=Taken.LOCAL)
