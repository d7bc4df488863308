"""The strategy resource-merge, as people want it: nothing they wrote is lost or left half-merged.

Pure.
Steps     sub-packages that one side removed are settled as wholes; files that are equal on two
          sides become the third, unread; Kptfiles, YAML files and all others that changed on both
          sides are merged, each in its way.
Cost      a comparison of ids for each file; reading and merging for those changed on both sides.
"""

from posixpath import basename

from porch.kpt.content import File, FileMode
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.merge.contest import Contest
from porch.kpt.merge.documents import DocumentFiles
from porch.kpt.merge.kptfiles import merge_kptfile
from porch.kpt.merge.plainfiles import Files, merge_file, same_bytes
from porch.kpt.merge.sides import PackageFiles, Three
from porch.kpt.merge.subpackages import settle
from porch.kpt.yaml.limits import YamlLimits


def merge_packages(
    sides: Three[PackageFiles], *, limits: YamlLimits
) -> tuple[dict[str, File], list[Conflict]]:
    """The merged files of a package and its sub-packages, and what both sides changed."""
    settled = settle(sides, limits=limits)
    merge = _Merge(
        sides.map(lambda files: {p: file for p, file in files.items() if not settled.holds(p)}),
        limits,
    )
    kept = {
        path: file
        for path, file in sides.local.items()
        if settled.holds(path) and not settled.removes(path)
    }
    return kept | merge.files(), [*settled.conflicts, *merge.conflicts]


class _Merge:
    """The merge of all files that no sub-package holds back."""

    def __init__(self, sides: Three[PackageFiles], limits: YamlLimits) -> None:
        self.conflicts: list[Conflict] = []
        self._sides = sides
        self._limits = limits
        self._documents = DocumentFiles({**sides.original, **sides.updated, **sides.local})

    def files(self) -> dict[str, File]:
        """What is left, by path."""
        merged: dict[str, File | None] = {}
        contested: list[str] = []
        for path in sorted({*self._sides.original, *self._sides.updated, *self._sides.local}):
            files = self._at(path)
            if self._is_contested(path, files):
                contested.append(path)
            else:
                merged[path] = self._file(path, files)
        contest = Contest(self._sides, self._documents, limits=self._limits)
        merged |= contest.merge(contested)
        self.conflicts += contest.conflicts
        return {path: file for path, file in merged.items() if file is not None}

    def _at(self, path: str) -> Files:
        return self._sides.map(lambda files: files.get(path))

    def _is_contested(self, path: str, files: Files) -> bool:
        """Whether the documents of a file must be read to merge it."""
        original, updated, local = files
        return (
            path in self._documents
            and not same_bytes(original, updated)
            and not same_bytes(original, local)
            and not same_bytes(updated, local)
            and not any(file and file.mode is FileMode.SYMLINK for file in files)
        )

    def _file(self, path: str, files: Files) -> File | None:
        original, updated, local = files
        if (
            basename(path) == KPTFILE
            and local is not None
            and updated is not None
            and not same_bytes(original, updated)
            and not same_bytes(updated, local)
        ):
            is_root = path == KPTFILE
            file, conflicts = merge_kptfile(files, path, is_root=is_root, limits=self._limits)
            self.conflicts += conflicts
            return file
        chosen, conflict = merge_file(files, path)
        self.conflicts += [conflict] if conflict is not None else []
        return chosen
