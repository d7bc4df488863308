"""What a reference means in a repository. Pure.

Tags of the package come first: for package `a/b`, the reference `v1` is the first of the tags
`a/b/v1`, `a/v1` and `v1`, then the branch `v1`, then a full name, then a commit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

HEADS: Final = "refs/heads/"
TAGS: Final = "refs/tags/"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_SHOWN: Final = 8  # names in a message


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """What a server listed."""

    refs: Mapping[str, str]  # full name -> object id
    head: str  # the default branch; "" when there is none

    @classmethod
    def of(cls, listing: str) -> "RemoteRefs":
        """From the output of `git ls-remote --symref`."""
        refs: dict[str, str] = {}
        head = ""
        for line in listing.splitlines():
            value, _, name = line.partition("\t")
            if value.startswith("ref: "):
                head = value.removeprefix(f"ref: {HEADS}") if name == "HEAD" else head
            elif name.startswith((HEADS, TAGS)) and not name.endswith("^{}"):
                refs[name] = value
        return cls(refs, head)


@dataclass(frozen=True, slots=True)
class Resolved:
    """One reference, found."""

    name: str  # as it was written; the default branch where nothing was
    oid: str  # an object id, perhaps abbreviated when it was given so


def resolve(ref: str, directory: str, known: RemoteRefs) -> Resolved | None:
    """What `ref` names for the package in `directory`; None when it names nothing."""
    wanted = ref or known.head
    if not wanted:
        return None
    for full in _candidates(wanted, directory):
        oid = known.refs.get(full)
        if oid is not None:
            return Resolved(wanted, oid)
    return Resolved(wanted, wanted) if _COMMIT.fullmatch(wanted) else None


def suggestions(ref: str, directory: str, known: RemoteRefs) -> str:
    """What could have been meant, for a message."""
    tags = [name.removeprefix(TAGS) for name in known.refs if name.startswith(TAGS)]
    own = [tag.removeprefix(f"{directory}/") for tag in tags if tag.startswith(f"{directory}/")]
    plain = [tag for tag in tags if "/" not in tag]
    others = [tag.removesuffix(f"/{ref}") for tag in tags if ref and tag.endswith(f"/{ref}")]
    heads = [name.removeprefix(HEADS) for name in known.refs if name.startswith(HEADS)]
    found = [
        f"{what} {_some(names)}"
        for what, names in (
            ("tags of the package:", own if directory else []),
            (f"{ref!r} is a tag of the packages", others),
            ("tags:", plain),
            ("branches:", heads),
        )
        if names
    ]
    return "; ".join(found) or "it has no tags and no branches"


def _candidates(ref: str, directory: str) -> Iterator[str]:
    if ref.startswith("refs/"):
        yield ref
        return
    parts = directory.split("/") if directory else []
    for count in range(len(parts), 0, -1):
        yield f"{TAGS}{'/'.join(parts[:count])}/{ref}"
    yield f"{TAGS}{ref}"
    yield f"{HEADS}{ref}"


def _some(names: list[str]) -> str:
    """The newest names, as far as their numbers tell."""
    ordered = sorted(names, key=_natural, reverse=True)
    more = f", … ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name count as numbers."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
