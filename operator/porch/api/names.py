"""Names of objects: composing, parsing and checking them and their parts.

Pure. A revision is named `<repository>.<package path with dots>.<workspace>`, and a package the
same without the workspace. The name is chosen by the client, checked by the API server, and stays
for the whole life of the revision.

Values      a package is its path below the registered directory, "net/vpc".
Workspaces  a client's is one label. A foreign one, found in git, may have dots ("v1.2.0").
Identity    is read from `spec`. `parse_revision` is for names that come without their object; it
            inverts `revision_name` but for foreign workspaces that do not look like a version,
            and where a version could also be read as a package and a number ("a.v1.2").
Errors      NameInvalid with every problem found at once. Nothing else escapes.
Source      the naming rules of the existing system, so that names stay when a repository moves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from porch.errors import Permanent

MAX_LABEL = 63  # characters, RFC 1123
MAX_NAME = 253  # characters, RFC 1123 subdomain

LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
PACKAGE = rf"{LABEL}(/{LABEL})*"
FOREIGN_WORKSPACE = rf"{LABEL}(\.{LABEL})*"

_LABEL_TEXT = (
    f"1 to {MAX_LABEL} lower-case letters, digits or '-', with a letter or digit at both ends"
)
_VERSION_TAIL = re.compile(r"\.v[0-9.]*[0-9]$")


class NameInvalid(Permanent):
    """A name, or a part of one, breaks the rules."""

    reason = "NameInvalid"

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RevisionParts:
    """What the name of a PackageRevision says."""

    repository: str
    package: str
    workspace: str


def revision_name(parts: RevisionParts) -> str:
    """The object name of a revision whose workspace may be foreign."""
    problems = [*_identity_problems(parts), *_foreign_workspace_problems(parts.workspace)]
    name = f"{parts.repository}.{parts.package.replace('/', '.')}.{parts.workspace}"
    problems.extend(_length_problems(name, problems))
    if problems:
        raise NameInvalid(*problems)
    return name


def package_name(repository: str, package: str) -> str:
    """The object name of a package."""
    problems = [*_repository_problems(repository), *_package_problems(package)]
    name = f"{repository}.{package.replace('/', '.')}"
    problems.extend(_length_problems(name, problems))
    if problems:
        raise NameInvalid(*problems)
    return name


def check_new_revision(parts: RevisionParts, *, branch: str) -> None:
    """Refuse what a client must not create in a repository that is registered at `branch`."""
    problems = [*_identity_problems(parts), *_workspace_problems(parts.workspace)]
    if parts.workspace == branch:
        problems.append(
            f"`spec.workspaceName` must differ from the branch of the repository, "
            f"found {parts.workspace!r}"
        )
    if problems:
        raise NameInvalid(*problems)
    revision_name(parts)


def parse_revision(name: str) -> RevisionParts:
    """The parts of the name of a revision."""
    version = _VERSION_TAIL.search(name)
    cut = name.rindex(".v") if version else name.rfind(".")
    rest, workspace = (name[:cut], name[cut + 1 :]) if cut >= 0 else ("", name)
    repository, _, path = rest.partition(".")
    if "/" in name:
        raise NameInvalid(f"the name of a PackageRevision must not have a '/', found {name!r}")
    parts = RevisionParts(repository, path.replace(".", "/"), workspace)
    try:
        revision_name(parts)
    except NameInvalid as err:
        raise NameInvalid(
            f"the name of a PackageRevision must be <repository>.<package>.<workspace>, "
            f"found {name!r}",
            *err.problems,
        ) from err
    return parts


def _identity_problems(parts: RevisionParts) -> Iterator[str]:
    yield from _repository_problems(parts.repository)
    yield from _package_problems(parts.package)


def _repository_problems(repository: str) -> Iterator[str]:
    if not _is_label(repository):
        yield f"`spec.repository` must be {_LABEL_TEXT}, found {repository!r}"


def _package_problems(package: str) -> Iterator[str]:
    if not all(_is_label(segment) for segment in package.split("/")):
        yield (
            f"`spec.packageName` must be one or more names separated by '/', each of them "
            f"{_LABEL_TEXT}, found {package!r}"
        )


def _workspace_problems(workspace: str) -> Iterator[str]:
    if not _is_label(workspace):
        yield f"`spec.workspaceName` must be {_LABEL_TEXT}, found {workspace!r}"


def _foreign_workspace_problems(workspace: str) -> Iterator[str]:
    if not re.fullmatch(FOREIGN_WORKSPACE, workspace):
        yield (
            f"`spec.workspaceName` must be one or more names separated by '.', each of them "
            f"{_LABEL_TEXT}, found {workspace!r}"
        )


def _length_problems(name: str, others: list[str]) -> Iterator[str]:
    """The length counts only once the parts are right."""
    if not others and len(name) > MAX_NAME:
        yield (
            f"the name {name!r} must have at most {MAX_NAME} characters, found {len(name)}: "
            f"shorten the path of the package or the workspace"
        )


def _is_label(text: str) -> bool:
    return re.fullmatch(LABEL, text) is not None
