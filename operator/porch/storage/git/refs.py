"""Refs of a remote as values: what they are, and what a push is to make of them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from porch.storage.git.layout import TAGS


@dataclass(frozen=True, slots=True)
class Update:
    """One ref to change; "" as a value means that the ref is, or shall be, absent."""

    ref: str
    old: str
    new: str


class RefLookup(Protocol):
    """Whatever knows the value of a ref."""

    def get(self, ref: str, /) -> str | None:
        """The object id, or nothing when there is no such ref."""
        ...


class Refs(Mapping[str, str]):
    """Ref -> object id, as the remote is known to have them. Immutable."""

    def __init__(self, refs: Mapping[str, str] | None = None) -> None:
        self._refs = dict(refs or {})

    def __getitem__(self, ref: str) -> str:
        return self._refs[ref]

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refs) and self._refs == other._refs

    def __hash__(self) -> int:
        return hash(frozenset(self._refs.items()))

    def changed_since(self, before: "Refs") -> set[str]:
        """The refs that differ, appeared or are gone."""
        return {ref for ref, _ in self._refs.items() ^ before._refs.items()}

    def updated(self, updates: Iterable[Update]) -> "Refs":
        """The refs after a push."""
        refs, tags = dict(self._refs), dict(self._tags)
        for update in updates:
            refs.pop(update.ref, None)
            if update.new:
                refs[update.ref] = update.new
            if update.ref.startswith(TAGS):
                full = _package(update.ref)
                others = [each for each in tags.get(full, ()) if each != update.ref]
                tags[full] = [*others, update.ref] if update.new else others
        after = Refs(refs)
        after._tags = tags  # building it anew takes longer than all the rest of a small push
        return after

    def tags(self, full: str) -> Iterable[str]:
        """The tags of a package."""
        return self._tags.get(full, ())

    @cached_property
    def _tags(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for ref in self._refs:
            if ref.startswith(TAGS):
                found.setdefault(_package(ref), []).append(ref)
        return found


def _package(tag: str) -> str:
    return tag[len(TAGS) :].rpartition("/")[0]


class Board:
    """Refs on which changes are tried one after the other, so that many make one push.

    Each ref keeps the value that the remote is known to have as its lease.
    """

    def __init__(self, refs: Refs) -> None:
        self._before = refs
        self._moved: dict[str, str] = {}
        self.commits: list[str] = []  # made for this push, parents first

    def made(self, commit: str) -> str:
        """Take note of a commit that the push must bring."""
        self.commits.append(commit)
        return commit

    def known(self, ref: str) -> str:
        """The value that a ref has on the remote, whatever was tried here; "" for none."""
        return self._before.get(ref, "")

    def get(self, ref: str, /) -> str:
        """The value of a ref; "" when there is none."""
        moved = self._moved.get(ref)
        return self._before.get(ref, "") if moved is None else moved

    def move(self, ref: str, new: str) -> None:
        """Set a ref, or remove it with ""."""
        if new == self._before.get(ref, ""):
            self._moved.pop(ref, None)
        else:
            self._moved[ref] = new

    def tags(self, full: str) -> Iterator[str]:
        """The tags of a package."""
        for ref in self._before.tags(full):
            if self.get(ref):
                yield ref
        prefix = f"{TAGS}{full}/"
        for ref, new in self._moved.items():
            is_new = bool(new) and ref not in self._before
            if is_new and ref.startswith(prefix) and "/" not in ref[len(prefix) :]:
                yield ref

    def updates(self) -> list[Update]:
        """What a push must do: branches, then tags, then removals.

        In this order a crash between two of them can be read, where a push is not atomic.
        """
        changed = [Update(ref, self._before.get(ref, ""), new) for ref, new in self._moved.items()]
        return sorted(changed, key=lambda each: (*kind_order(each), each.ref))


def kind_order(update: Update) -> tuple[bool, bool]:
    """Branches before tags before removals."""
    return not update.new, bool(update.new) and update.ref.startswith(TAGS)
