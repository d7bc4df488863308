"""kpt's upgrade of a package and its sub-packages: which of them are merged, copied or deleted.

Pure. Only sub-packages without an upstream of their own take part, outermost first. Whether one is
there is asked of the directory, not of its Kptfile.
Errors    Unmergeable for one that was added on both sides; LocalChanges; those of Kptfiles.
Source    kpt's resource-merge, fast-forward and force-delete-replace.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from posixpath import basename

from porch.kpt.content import File, tree_id
from porch.kpt.files import package_directories
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge import kptfiles
from porch.kpt.merge.conflicts import Conflict, Taken
from porch.kpt.merge.documents import YAML_SUFFIXES
from porch.kpt.merge.exact.comparison import changed_files
from porch.kpt.merge.exact.kptfiles import has_upstream, merge_kptfile
from porch.kpt.merge.exact.resources import merge_resources
from porch.kpt.merge.exact.sources import Unmergeable
from porch.kpt.merge.plainfiles import merge_file, same_bytes
from porch.kpt.merge.replacement import LocalChanges
from porch.kpt.merge.sides import PackageFiles, Three
from porch.kpt.yaml.limits import YamlLimits

Merged = tuple[dict[str, File], list[Conflict]]


def merge_packages(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """The strategy resource-merge."""
    merge = _Merge(sides, limits)
    for directory in local_packages(sides, limits):
        merge.package(directory)
    return merge.files, merge.conflicts


def fast_forward(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """Updated's files but for the root Kptfile, if local changed nothing."""
    original, _, local = sides
    changed: list[str] = []
    for directory in local_packages(Three(original, {}, local), limits):
        before, now = own_files(original, directory), own_files(local, directory)
        changed += [
            directory + path for path in changed_files(before, now, place=directory, limits=limits)
        ]
    if changed:
        raise LocalChanges(changed)
    return replace_packages(sides, limits=limits)


def replace_packages(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """The strategy force-delete-replace: updated's files but for the root Kptfile."""
    _, updated, local = sides
    files = dict(local)
    for directory in local_packages(Three({}, updated, local), limits):
        stays = has_files(updated, directory)
        for path in own_files(local, directory) if stays else below(local, directory):
            files.pop(directory + path, None)
        files |= {directory + path: file for path, file in own_files(updated, directory).items()}
    return files | {KPTFILE: local[KPTFILE]}, []


def copy_packages(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """The strategy copy-merge, which came with later versions: updated's files over local's."""
    kptfile = merge_kptfile(
        sides.map(lambda files: files.get(KPTFILE)), KPTFILE, is_root=False, limits=limits
    )
    own = {path: file for path, file in sides.local.items() if path not in sides.original}
    return {**own, **sides.updated, KPTFILE: kptfile}, []


# -- packages


def local_packages(sides: Three[PackageFiles], limits: YamlLimits) -> list[str]:
    """The root, "", and "sub/" for each sub-package that some side has without an upstream."""
    found = {
        directory
        for files in sides
        for directory in package_directories(files)
        if directory and not has_upstream(files[f"{directory}/{KPTFILE}"], directory, limits)
    }
    ordered = sorted(found, key=lambda each: (each.count("/"), each))
    return ["", *(f"{directory}/" for directory in ordered)]


def below(files: PackageFiles, directory: str) -> dict[str, File]:
    """The subtree of a directory, by path in it."""
    start = len(directory)
    return {path[start:]: file for path, file in files.items() if path.startswith(directory)}


def has_files(files: PackageFiles, directory: str) -> bool:
    """Whether a directory is there."""
    return not directory or any(path.startswith(directory) for path in files)


def own_files(files: PackageFiles, directory: str) -> dict[str, File]:
    """The files of a package that are in no package deeper down, by path in it."""
    inside = below(files, directory)
    nested = [f"{each}/" for each in package_directories(inside) if each]
    return {path: file for path, file in inside.items() if not path.startswith(tuple(nested))}


class _Merge:
    """One resource-merge, as far as it has got."""

    def __init__(self, sides: Three[PackageFiles], limits: YamlLimits) -> None:
        self.files = dict(sides.local)
        self.conflicts: list[Conflict] = []
        self._sides = sides
        self._limits = limits

    def package(self, directory: str) -> None:
        """Do with one package what its being there, or not, on the three sides asks for."""
        sides = Three(self._sides.original, self._sides.updated, self.files)
        match sides.map(lambda files: has_files(files, directory)):
            case (False, True, True):
                raise Unmergeable(
                    f"sub-package {directory[:-1]!r} must not be added both upstream and locally:"
                    " rename one of them",
                    in_kpt=f'subpackage "{directory[:-1]}" added in both upstream and local',
                )
            case (False, True, False):
                self._put(directory, own_files(sides.updated, directory))
            case (True, False, True):
                self._removed_upstream(directory)
            case (True, True, True):
                self._merge(directory, sides.map(lambda files: own_files(files, directory)))
            case _:
                pass

    def _put(self, directory: str, files: Mapping[str, File | None]) -> None:
        """Write files of a package; None deletes."""
        for path, file in files.items():
            if file is not None:
                self.files[directory + path] = file
            else:
                self.files.pop(directory + path, None)

    def _tell(self, directory: str, conflict: Conflict) -> None:
        self.conflicts.append(replace(conflict, path=directory + conflict.path))

    def _removed_upstream(self, directory: str) -> None:
        original, local = (
            own_files(files, directory) for files in (self._sides.original, self.files)
        )
        if not changed_files(original, local, place=directory, limits=self._limits):
            self._put(directory, dict.fromkeys(below(self.files, directory)))
            return
        base, ours = tree_id(original), tree_id(local)
        self.conflicts.append(
            Conflict(directory[:-1], None, "", base, ours, None, taken=Taken.LOCAL)
        )

    def _merge(self, directory: str, sides: Three[dict[str, File]]) -> None:
        """Merge one package that is there on all sides."""
        self._merge_kptfile(directory, sides.map(lambda files: files.get(KPTFILE)))
        tell = partial(self._tell, directory)
        resources = self._outside_nested(directory, sides)
        self._put(
            directory, merge_resources(resources, place=directory, tell=tell, limits=self._limits)
        )
        for path in sorted({*sides.original, *sides.updated, *sides.local}):
            if (
                basename(path) != KPTFILE
                and not path.endswith(YAML_SUFFIXES)
                and ".git" not in path
            ):
                self._merge_file(directory, path, sides)

    def _outside_nested(self, directory: str, sides: Three[dict[str, File]]) -> Three[PackageFiles]:
        """The files that are in no sub-package of local, whatever they are on the other sides."""
        inside = package_directories(below(self.files, directory))
        nested = tuple(f"{each}/" for each in inside if each)
        return sides.map(
            lambda files: {p: file for p, file in files.items() if not p.startswith(nested)}
        )

    def _merge_kptfile(self, directory: str, files: Three[File | None]) -> None:
        path = directory + KPTFILE
        is_root = not directory
        merged = merge_kptfile(files, path, is_root=is_root, limits=self._limits)
        self.files[path] = merged
        if files.local is not None and files.updated is not None:
            _, conflicts = kptfiles.merge_kptfile(files, path, is_root=is_root, limits=self._limits)
            self.conflicts += [replace(each, taken=Taken.UPDATED) for each in conflicts]

    def _merge_file(self, directory: str, path: str, sides: Three[dict[str, File]]) -> None:
        """Local's file stays if it is not original's; one that local removed comes back."""
        files = sides.map(lambda files: files.get(path))
        original, updated, local = files
        merged = local if local is not None and not same_bytes(original, local) else updated
        self._put(directory, {path: merged})
        _, conflict = merge_file(files, directory + path)
        if conflict is not None:
            taken = Taken.LOCAL if merged is local else Taken.UPDATED
            self.conflicts.append(replace(conflict, taken=taken))
