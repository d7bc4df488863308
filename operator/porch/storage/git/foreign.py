"""Packages of git repositories that are not registered: one commit of them, without its history.

Clones are shared by URL and are a cache; who asks shows the server its own credentials each time,
so nobody reads what another may read. The server's refs are asked for at every fetch, its objects
only when they are not here.

I/O       the git program, and libgit2 in a thread; both bounded by `Limits`. One fetch of a URL at
          a time.
Refs      `v1` of directory `net/vpc` is, in this order: the tag or the branch `net/vpc/v1`, the tag
          or the branch `v1`, a commit of 40 hex digits.
Errors    UpstreamMissing, UpstreamInvalid, UpstreamBusy, ContentTooLarge; those of the git program.
"""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import pygit2

from porch.storage.adapter import Lock, RepositoryInvalid
from porch.storage.git.clone import CloneDamaged
from porch.storage.git.credentials import Login
from porch.storage.git.layout import HEADS, TAGS
from porch.storage.git.objects import Damaged, Objects, holds_kptfile, open_bare
from porch.storage.git.program import FetchFailed, Git
from porch.storage.git.remote import Access, Address, address
from porch.storage.upstream import Fetched, UpstreamBusy, UpstreamInvalid, UpstreamMissing

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the clones may take."""

    clones: int = 16  # kept on disk, those used last
    clone_bytes: int = 256 * 1024 * 1024  # of one clone; it is made anew beyond
    at_once: int = 8  # fetches; a server that hangs must not keep all workers


@dataclass(frozen=True, slots=True)
class Place:
    """A directory of a repository at a ref."""

    address: Address
    ref: str
    directory: str  # without slashes at its ends; "" is the whole repository


class ForeignPackages:
    """Fetches packages."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turns = asyncio.Semaphore(limits.at_once)

    async def fetch(self, place: Place, access: Access) -> Fetched:
        """The package at a place, as the server has it now."""
        where = place.address
        clone = self._directory / f"{hashlib.sha256(where.url.encode()).hexdigest()[:32]}.git"
        lock = self._locks.setdefault(clone.name, asyncio.Lock())
        if self._turns.locked():
            raise UpstreamBusy(f"{self._limits.at_once} packages are being fetched; tried again")
        async with self._turns, lock:
            await asyncio.to_thread(self._make_room, clone)
            git = Git(clone, where, access, Login(access.credentials, where.given, now=access.now))
            oid = await _resolved(git, place)
            repository = await asyncio.to_thread(open_bare, clone)
            objects = Objects(repository)
            try:
                if not await asyncio.to_thread(objects.has, oid):
                    await _fetch(git, oid, place)
                return await asyncio.to_thread(_read, objects, oid, place)
            except FetchFailed:  # git cannot use the clone as it is, or the server fails
                await asyncio.to_thread(shutil.rmtree, clone, ignore_errors=True)
                raise
            except (pygit2.GitError, Damaged) as err:
                await asyncio.to_thread(shutil.rmtree, clone, ignore_errors=True)
                raise CloneDamaged(f"the clone of {where.shown} is damaged: {err}") from err
            finally:
                repository.free()  # libgit2 remembers packs by their path, of a new clone, too

    def _make_room(self, wanted: Path) -> None:
        """Remove what is too large, and what was not used for longest."""
        open_bare(wanted)
        if _size(wanted) > self._limits.clone_bytes:
            shutil.rmtree(wanted)
            open_bare(wanted)
        wanted.touch()
        idle = [each for each in self._directory.iterdir() if each.name not in self._locks]
        idle.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for each in idle[self._limits.clones :]:
            shutil.rmtree(each, ignore_errors=True)


def address_of(url: str) -> Address:
    """Read a URL; UpstreamInvalid for one that we do not go to."""
    try:
        return address(url)
    except RepositoryInvalid as err:
        raise UpstreamInvalid(f"the address of the upstream is of no use: {err}") from err


def resolve(refs: Mapping[str, str], place: Place) -> str | None:
    """The object that the ref of a place stands for; None when there is none. Pure."""
    scoped = [f"{place.directory}/{place.ref}"] if place.directory else []
    for name in (*scoped, place.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")):
        for ref in (TAGS + name, HEADS + name):
            if ref in refs:
                return refs[ref]
    return place.ref if _COMMIT.fullmatch(place.ref) else None


async def _resolved(git: Git, place: Place) -> str:
    try:
        refs = await git.refs()
    except RepositoryInvalid as err:
        raise UpstreamMissing(f"the upstream is not there: {err}") from err
    oid = resolve(refs, place)
    if oid is None:
        raise UpstreamMissing(
            f"{place.address.shown} must have a branch or a tag {place.ref!r}, and has none; push "
            "it, or name a branch, a tag or a commit of 40 hex digits that is there"
        )
    return oid


async def _fetch(git: Git, oid: str, place: Place) -> None:
    try:
        await git.fetch_commit(oid)
    except FetchFailed as err:
        if oid != place.ref:
            raise
        words = f"{place.address.shown} does not give commit {oid}: {err}"
        raise UpstreamMissing(words) from err


def _read(objects: Objects, oid: str, place: Place) -> Fetched:
    commit = objects.commit(oid)
    tree = objects.subtree(commit, place.directory)
    at = f"{place.address.shown} at {place.ref!r}"
    if tree is None:
        raise UpstreamInvalid(f"{at} must have the directory {place.directory!r}, and has not")
    if not holds_kptfile(tree):
        shown = place.directory or "/"
        raise UpstreamInvalid(f"directory {shown!r} of {at} must be a package, has no Kptfile")
    content = objects.content(objects.digest(tree))
    return Fetched(content, Lock(place.address.url, place.directory, place.ref, str(commit.id)))


def _size(directory: Path) -> int:
    return sum(each.stat().st_size for each in directory.rglob("*") if each.is_file())
