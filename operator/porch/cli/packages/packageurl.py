"""Where a package is, as people write it: `REPO[.git]/DIR@REF`. Pure.

Where `.git` does not end the repository's part, any part of the path may be it: `places` has all
of them, the shortest first, and whoever can ask the server chooses.
Errors    BadArguments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import normpath
from typing import Final

from porch.cli.errors import BadArguments

_GIT_END: Final = re.compile(r"\.git(?=$|[/@])")
_SCHEME: Final = re.compile(r"^(https?|ssh|git|file)://[^/]*")
_SSH_SHORT: Final = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:(?!/)")  # git@host:path, alias:path
_HOST: Final = re.compile(r"^[\w-]+(\.[\w-]+)+/")
_FORM: Final = "REPO[.git]/DIR@REF, such as https://github.com/org/repo.git/packages/web@v1"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory of a repository; "" is its root."""

    repo: str
    directory: str


@dataclass(frozen=True, slots=True)
class PackageUrl:
    """What was written."""

    places: tuple[Place, ...]  # at least one
    ref: str  # "" = the default branch
    is_local: bool

    @property
    def name(self) -> str:
        """What the package is called: the last part of its place."""
        place = self.places[-1]
        last = place.directory or place.repo.removesuffix("/.git")
        return re.split(r"[/:]", last.rstrip("/"))[-1].removesuffix(".git")


def parse_package_url(text: str) -> PackageUrl:
    """Take it apart."""
    start = _SCHEME.match(text) or _SSH_SHORT.match(text)
    if start is None and _HOST.match(text):
        raise BadArguments(
            f"{text!r} must be {_FORM}: write https://{text}, or ./{text} for a repository of this"
            " machine"
        )
    head = start.end() if start else 0
    end = _GIT_END.search(text, head)
    repo_end = end.end() if end else head
    path, at, ref = text[repo_end:].partition("@")
    if at and not ref:
        raise BadArguments(f"{text!r} must name a tag, branch or commit after its `@`")
    if end:
        _check_path(text, path)
        return PackageUrl((Place(text[:repo_end], path.strip("/")),), ref, is_local(text))
    if is_local(text):
        path = normpath(path)
    else:
        _check_path(text, path)
    places = tuple(_all_places(text[:head], path))
    if not places:
        raise BadArguments(f"{text!r} must name a repository: {_FORM}")
    return PackageUrl(places, ref, is_local(text))


def is_local(repo: str) -> bool:
    """Whether an address is of this machine."""
    return repo.startswith("file:") or not (_SCHEME.match(repo) or _SSH_SHORT.match(repo))


def _check_path(text: str, path: str) -> None:
    if "?" in path or "#" in path or ".." in path.split("/"):
        raise BadArguments(f"{text!r} must be {_FORM}, without `..`, query and fragment")


def _all_places(head: str, path: str) -> Iterator[Place]:
    """Each way to cut the path into a repository and a directory, the shortest first."""
    slash = "/" if path.startswith("/") else ""
    parts = [part for part in path.split("/") if part]
    return (
        Place(f"{head}{slash}{'/'.join(parts[:count])}", "/".join(parts[count:]))
        for count in range(1, len(parts) + 1)
    )
