"""The strategies that take updated's files as they are.

Pure. The root Kptfile is merged in each, so that the package keeps its name, upstream and settings.
"""

from collections.abc import Sequence
from typing import ClassVar

from porch.errors import Permanent
from porch.kpt.content import File
from porch.kpt.kptfile import KPTFILE
from porch.kpt.kptfile_edit import remove_condition, remove_field
from porch.kpt.merge.changes import changed_files
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.merge.kptfiles import merge_kptfile, read_kptfile_of
from porch.kpt.merge.sides import PackageFiles, Side, Three
from porch.kpt.renderstatus import RENDERED
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.limits import YamlLimits

Merged = tuple[dict[str, File], list[Conflict]]


class LocalChanges(Permanent):
    """A package was changed locally, so it cannot be fast-forwarded."""

    reason: ClassVar[str] = "LocalChanges"

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(
            f"local package files have been modified: [{' '.join(paths)}]: fast-forward needs a"
            " package without changes, use another strategy"
        )
        self.paths = tuple(paths)


def fast_forward(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """Updated's files, if local changed nothing; what local's last render said goes."""
    changed = changed_files(sides.original, sides.local, limits=limits)
    if changed:
        raise LocalChanges(changed)
    files, conflicts = replace(sides, limits=limits)
    return files | {KPTFILE: _without_render_status(files[KPTFILE], limits)}, conflicts


def replace(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """Updated's files."""
    kptfile, conflicts = _root_kptfile(sides, limits)
    return {**sides.updated, KPTFILE: kptfile}, conflicts


def copy(sides: Three[PackageFiles], *, limits: YamlLimits) -> Merged:
    """Updated's files, and those that only local ever had."""
    kptfile, conflicts = _root_kptfile(sides, limits)
    own = {path: file for path, file in sides.local.items() if path not in sides.original}
    return {**own, **sides.updated, KPTFILE: kptfile}, conflicts


def _root_kptfile(sides: Three[PackageFiles], limits: YamlLimits) -> tuple[File, list[Conflict]]:
    kptfiles = sides.map(lambda files: files.get(KPTFILE))
    return merge_kptfile(kptfiles, KPTFILE, is_root=True, limits=limits)


def _without_render_status(file: File, limits: YamlLimits) -> File:
    document = read_kptfile_of(Side.LOCAL, file, KPTFILE, limits=limits)
    assert document is not None  # noqa: S101 - of a file
    before = document.root.clone()
    remove_condition(document.root, RENDERED)
    remove_field(document.root, "status", "renderStatus")
    if document.root == before:
        return file
    return File.of(emit([document]).encode(), file.mode)
