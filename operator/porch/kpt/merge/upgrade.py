"""Upgrade: bring what upstream has become into a package that people have changed.

Pure; the inputs are never changed, so a failure leaves nothing half-done.
Strategies  resource-merge        three-way merge of resources, Kptfiles and files
            fast-forward          updated as it is, if nothing was changed locally
            force-delete-replace  updated as it is, whatever was changed locally
            copy-merge            updated's files over local's; what only local has stays
Kptfile     In each strategy the package keeps its name, and the root Kptfile merges. Its upstream
            and lock are the caller's to set: `kptfile_edit.set_upstream`, `set_upstream_lock`.
Modes       DEFAULT as above; KPT is what kpt 1.0.0-beta.56 does, to the byte.
Errors      Permanent, with side, file and line. What both sides changed is no error: a conflict.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol

from porch.errors import Permanent
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File
from porch.kpt.files import DEFAULT_PACKAGE_LIMITS, PackageLimits, check_files
from porch.kpt.kptfile import KPTFILE
from porch.kpt.merge.conflicts import Conflict, in_order
from porch.kpt.merge.exact import packages as exact
from porch.kpt.merge.replacement import copy, fast_forward, replace
from porch.kpt.merge.sides import PackageFiles, Side, Three
from porch.kpt.merge.structural import merge_packages
from porch.kpt.yaml.limits import YamlLimits


class Strategy(StrEnum):
    """How updated gets into local."""

    RESOURCE_MERGE = "resource-merge"
    FAST_FORWARD = "fast-forward"
    FORCE_DELETE_REPLACE = "force-delete-replace"
    COPY_MERGE = "copy-merge"


class NotAPackage(Permanent):
    """A side of an upgrade has no Kptfile at its root."""

    reason: ClassVar[str] = "NotAPackage"

    def __init__(self, side: Side, files: int) -> None:
        super().__init__(
            f"{side} must be a package: a file `{KPTFILE}` must be at its root, found none among"
            f" {files} files"
        )
        self.side = side


class _Run(Protocol):
    """How a strategy is carried out."""

    def __call__(
        self, sides: Three[PackageFiles], *, limits: YamlLimits
    ) -> tuple[dict[str, File], list[Conflict]]: ...


_RUNS: Final[dict[Strategy, _Run]] = {
    Strategy.RESOURCE_MERGE: merge_packages,
    Strategy.FAST_FORWARD: fast_forward,
    Strategy.FORCE_DELETE_REPLACE: replace,
    Strategy.COPY_MERGE: copy,
}
_RUNS_OF_KPT: Final[dict[Strategy, _Run]] = {
    Strategy.RESOURCE_MERGE: exact.merge_packages,
    Strategy.FAST_FORWARD: exact.fast_forward,
    Strategy.FORCE_DELETE_REPLACE: exact.replace_packages,
    Strategy.COPY_MERGE: exact.copy_packages,
}


_PACKAGES: Final = {  # the sides that must have a Kptfile at their root
    Compatibility.DEFAULT: (Side.UPDATED, Side.LOCAL),
    Compatibility.KPT: (Side.LOCAL,),
}


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The package after an upgrade."""

    content: Content
    conflicts: tuple[Conflict, ...]  # by path, resource, field


def upgrade(
    original: Content,
    updated: Content,
    local: Content,
    *,
    strategy: Strategy,
    mode: Compatibility = Compatibility.DEFAULT,
    limits: PackageLimits = DEFAULT_PACKAGE_LIMITS,
) -> Upgraded:
    """`local`, made from `original`, with what `updated` has become."""
    for side, content in zip(Side, (original, updated, local), strict=True):
        _check_size(content, limits)
        if side in _PACKAGES[mode] and KPTFILE not in content:
            raise NotAPackage(side, len(content))
    run = (_RUNS if mode is Compatibility.DEFAULT else _RUNS_OF_KPT)[strategy]
    files, conflicts = run(Three(original, updated, local), limits=limits.yaml)
    _check_size(files, limits)
    return Upgraded(Content(files), in_order(conflicts))


def _check_size(files: PackageFiles, limits: PackageLimits) -> None:
    check_files({path: file.data or b"" for path, file in files.items()}, limits)
