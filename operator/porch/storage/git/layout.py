"""Which ref holds what. Pure.

    refs/heads/<branch>                          every package's newest published content
    refs/heads/drafts/<full>/<workspace>         a draft
    refs/heads/proposed/<full>/<workspace>       a proposal
    refs/tags/<full>/v<n>                        a published revision
    refs/heads/deletionProposed/<full>/v<n>      its deletion is proposed

`<full>` is the registered directory and the package's path. Shared with the predecessor: the
layout may not change.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

HEADS = "refs/heads/"
TAGS = "refs/tags/"
MAX_DIGITS = 9  # of a number; it must fit the 32 bits that other tools give it

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|\.(/|$)|^[./-]|/$")


class RefKind(StrEnum):
    """What a ref of the layout holds."""

    DRAFT = "drafts"
    PROPOSED = "proposed"
    DELETION = "deletionProposed"
    TAG = "tag"


_RESERVED = frozenset({RefKind.DRAFT, RefKind.PROPOSED, RefKind.DELETION})


@dataclass(frozen=True, slots=True)
class PackageRef:
    """A ref that belongs to a package."""

    kind: RefKind
    full: str
    package: str  # `full` below the registered directory
    last: str  # workspace, or "v3", or any other text of a foreign tag


@dataclass(frozen=True, slots=True)
class Layout:
    """One registration of a repository: a branch and a directory of it."""

    branch: str
    directory: str  # without slashes at its ends; "" is the whole repository

    @property
    def branch_ref(self) -> str:
        """Where published content is merged."""
        return HEADS + self.branch

    def full(self, package: str) -> str:
        """The path of a package from the root of the repository."""
        return f"{self.directory}/{package}" if self.directory else package

    def package(self, full: str) -> str | None:
        """The package of a full path; None outside of the directory, or at its very root."""
        if not self.directory:
            return full or None
        prefix = self.directory + "/"
        return full[len(prefix) :] or None if full.startswith(prefix) else None

    def parse(self, ref: str) -> PackageRef | None:
        """What a ref holds; None for all that is not of this layout and directory."""
        if ref.startswith(TAGS):
            return self._split(RefKind.TAG, ref[len(TAGS) :])
        if not ref.startswith(HEADS):
            return None
        kind, _, rest = ref[len(HEADS) :].partition("/")
        match kind:
            case RefKind.DRAFT | RefKind.PROPOSED | RefKind.DELETION:
                return self._split(RefKind(kind), rest)
        return None

    def misfit(self, ref: str) -> str:
        """Why a ref under a reserved name can hold nothing; "" when it can, or is not reserved."""
        kind, slash, rest = ref.removeprefix(HEADS).partition("/")
        reserved = ref.startswith(HEADS) and slash and kind in _RESERVED
        if reserved and "/" not in rest.strip("/"):
            return f"a branch under {kind}/ must be named {kind}/<package>/<workspace>"
        return ""

    def problem(self, package: str, workspace: str) -> str:
        """Why a revision cannot be stored under these names; "" when it can."""
        if not package or not workspace or "/" in workspace:
            return "package and workspace must not be empty, nor the workspace have a '/'"
        if _FORBIDDEN.search(self.full(package)) or _FORBIDDEN.search(workspace):
            return f"git cannot have {package!r} and {workspace!r} in the name of a branch"
        if workspace == self.branch:
            return f"workspace {workspace!r} must differ from the registered branch"
        return ""

    def _split(self, kind: RefKind, path: str) -> PackageRef | None:
        full, slash, last = path.rpartition("/")
        package = self.package(full)
        if not slash or not last or package is None:
            return None
        return PackageRef(kind, full, package, last)


def draft_ref(full: str, workspace: str) -> str:
    """The branch of a draft."""
    return f"{HEADS}{RefKind.DRAFT}/{full}/{workspace}"


def proposed_ref(full: str, workspace: str) -> str:
    """The branch of a proposal."""
    return f"{HEADS}{RefKind.PROPOSED}/{full}/{workspace}"


def deletion_ref(full: str, last: str) -> str:
    """The branch that proposes the deletion of a tag or of a placeholder."""
    return f"{HEADS}{RefKind.DELETION}/{full}/{last}"


def deletion_mark(full: str, *, revision: int, last: str) -> str:
    """The mark of a revision by its number, or by its workspace when it has none."""
    return deletion_ref(full, f"v{revision}" if revision > 0 else last)


def tag_ref(full: str, number: int) -> str:
    """The tag of a published revision."""
    return f"{TAGS}{full}/v{number}"


def number_of(last: str) -> int:
    """The number in the last part of a tag; -1 when it is none, or none that may be."""
    digits = last.removeprefix("v").removeprefix("+")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS
    number = int(digits) if is_number else -1
    return number if number > 0 else -1


def is_common(ref: str) -> bool:
    """An ordinary branch, whose history holds what was published."""
    return ref.startswith(HEADS) and ref[len(HEADS) :].partition("/")[0] not in _RESERVED


def short(ref: str) -> str:
    """A ref as people write it."""
    return ref.removeprefix(HEADS).removeprefix(TAGS)
