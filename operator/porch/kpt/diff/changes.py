"""What differs between two packages, as values.

Pure. `before` and `after` of a field are data as JSON has it; they may be secret, so logs must not
hold them. `change` says whether None means null or absent.
Order     resources by file, then as they stand there; files by path; fields as documents have them.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from porch.kpt.content import File, FileMode
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.yaml.node import Data


class Change(StrEnum):
    """What happened to a resource, a field or a file."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"  # to another file, unchanged
    REORDERED = "reordered"  # of lists: the same elements in another order


class Nature(StrEnum):
    """What there is to say of a changed file beside its resources."""

    RESOURCES = "resources"  # nothing: the changes of resources say all
    LAYOUT = "layout"  # no resource changed: comments, order of fields, quotes, blank lines
    TEXT = "text"
    BINARY = "binary"
    SYMLINK = "symlink"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a resource."""

    path: str  # "spec.containers[name=web].image"
    change: Change
    before: Data = field(repr=False)  # of REORDERED the labels of the elements, as `after`
    after: Data = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource."""

    change: Change
    resource: ResourceId  # by its own name after the change; before it when REMOVED
    path: str
    previous_path: str = ""  # "" = the same file
    fields: tuple[FieldChange, ...] = ()  # of CHANGED; at least one


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file; `previous_path` is set when a file of another name became this one."""

    change: Change
    path: str
    nature: Nature
    before: File | None
    after: File | None
    previous_path: str = ""

    @property
    def modes(self) -> tuple[FileMode, FileMode] | None:
        """The modes before and after; None unless both are there and differ."""
        if self.before is None or self.after is None or self.before.mode is self.after.mode:
            return None
        return self.before.mode, self.after.mode


@dataclass(frozen=True, slots=True)
class Diff:
    """All that differs; `files` accounts for every path."""

    resources: tuple[ResourceChange, ...] = ()
    files: tuple[FileChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def other_files(self) -> tuple[FileChange, ...]:
        """The files of which the changes of resources do not say all."""
        return tuple(
            each
            for each in self.files
            if each.nature is not Nature.RESOURCES or each.modes is not None
        )

    def counts(self) -> dict[Change, int]:
        """How many resources were added, changed, moved and removed."""
        found = Counter(each.change for each in self.resources)
        kinds = (Change.ADDED, Change.CHANGED, Change.MOVED, Change.REMOVED)
        return {change: found[change] for change in kinds}
