"""Repositories that packages come from: listed when asked, fetched one commit at a time, kept.

Effects   a bare clone for each repository under `$XDG_CACHE_HOME/porch/git` (or `~/.cache`),
          one command of ours at a time in each. It is a cache: deleting it costs time only. The
          network, by the git program.
Errors    UpstreamUnreachable, UpstreamDenied, NoRepository, NoSuchReference, NoSuchPackage,
          CacheUnusable; ContentTooLarge and BadPath for what a package must not hold.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pygit2

from porch.cli.errors import (
    CacheUnusable,
    NoRepository,
    NoSuchPackage,
    NoSuchReference,
    UpstreamDenied,
    UpstreamUnreachable,
)
from porch.cli.packages.gitcommand import Call, Ended, run_git
from porch.cli.packages.progress import Progress
from porch.cli.packages.refs import RemoteRefs, Resolved
from porch.kpt.content import Content
from porch.storage.git.failures import Cause, cause_of, in_one_line
from porch.storage.git.objects import Damaged, Objects, UnreadableName, holds_kptfile, open_bare
from porch.storage.git.remote import Address

LIST_WITHIN = timedelta(seconds=60)
FETCH_WITHIN = timedelta(minutes=15)
_SHOWN = 10  # packages in a message
_FULL_ID = 40

_Watch = Callable[[str], None]


def cache_directory() -> Path:
    """Where clones are kept."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "porch" / "git"


class GitCache:
    """The clone of one repository."""

    def __init__(self, address: Address, progress: Progress) -> None:
        self._address = address
        self._progress = progress
        name = hashlib.sha256(address.url.encode()).hexdigest()[:32]
        self._directory = cache_directory() / f"{name}.git"

    def refs(self) -> RemoteRefs:
        """What the server has now."""
        with self._progress.step(f"Looking at {self._address.url}") as watch:
            ended = self._git(
                Call(
                    arguments=(
                        "ls-remote", "--symref", "--", self._address.url,
                        "HEAD", "refs/heads/*", "refs/tags/*",
                    ),
                    within=LIST_WITHIN,
                    authorization=self._address.given.authorization,
                ),
                watch,
            )  # fmt: skip
        return RemoteRefs.of(ended.output)

    def commit(self, ref: Resolved) -> str:
        """The full id of the commit, which is here after this."""
        with self._opened() as (repository, lock):
            found = _commit(repository, ref.oid)
            if found is None:
                with self._progress.step(f"Fetching {self._address.url} at {ref.name}") as watch:
                    self._fetch(ref, watch, lock)
                found = _commit(repository, ref.oid)
        if found is None:
            raise NoSuchReference(
                f"{ref.name!r} must be a tag, branch or commit of {self._address.url}, and is none"
            )
        return found

    def content(self, commit: str, directory: str) -> Content:
        """The files of a directory at a commit that is here; git's submodules are left out."""
        with self._opened() as (repository, _):
            objects = Objects(repository)
            found = objects.commit(commit)
            tree = objects.subtree(found, directory)
            if tree is None:
                packages = sorted(_packages(found.tree))
                known = ", ".join(packages[:_SHOWN]) + (", …" if len(packages) > _SHOWN else "")
                raise NoSuchPackage(
                    f"{directory!r} must be a directory of {self._address.url} at {commit[:7]};"
                    f" packages there: {known or 'none'}"
                )
            return objects.content(objects.digest(tree))

    # -- the clone

    @contextmanager
    def _opened(self) -> Iterator[tuple[pygit2.Repository, int]]:
        """The clone, ours alone; thrown away when it turns out to be damaged."""
        with self._locked() as lock:
            try:
                for pattern in ("*.lock", "refs/porch/*.lock"):  # of a git that was killed
                    for left in self._directory.glob(pattern):
                        left.unlink()
                yield open_bare(self._directory), lock
            except UnreadableName:  # it is so upstream, too
                raise
            except (pygit2.GitError, Damaged) as error:
                shutil.rmtree(self._directory, ignore_errors=True)
                raise CacheUnusable(
                    f"the clone of {self._address.url} in {str(self._directory)!r} was damaged and"
                    f" has been removed: run the command again ({error})"
                ) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            self._directory.parent.mkdir(parents=True, exist_ok=True)
            path = self._directory.with_suffix(".inuse")
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CacheUnusable(
                f"{error.filename!r} must be writable to keep clones in: {error.strerror}; set"
                " XDG_CACHE_HOME to a directory that is"
            ) from error
        try:
            self._wait_for(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with self._progress.step(f"Waiting for another fetch of {self._address.url} to end"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _fetch(self, ref: Resolved, watch: _Watch, lock: int) -> None:
        """This one commit; all branches and tags where the server gives no single commits."""
        if len(ref.oid) == _FULL_ID:
            alone = (f"+{ref.oid}:refs/porch/{ref.oid}",)
            ended = self._tried(self._fetching(("--depth=1",), alone, lock), watch)
            if ended.status == 0:
                return
            if cause_of(in_one_line(ended.errors)) is not Cause.UNKNOWN:
                raise self._failure(ended)
        everything = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        depth = ("--unshallow",) if (self._directory / "shallow").exists() else ()
        ended = self._tried(self._fetching(depth, everything, lock), watch)
        if ended.status == 0:
            return
        said = in_one_line(ended.errors)
        if cause_of(said) is Cause.UNKNOWN and (self._directory / "refs" / "porch").exists():
            raise Damaged(said)  # fetches into it have worked before
        raise self._failure(ended)

    def _fetching(self, options: Sequence[str], refspecs: Sequence[str], lock: int) -> Call:
        return Call(
            arguments=(
                "--git-dir", str(self._directory), "-c", "gc.auto=0", "-c", "core.fsync=none",
                "-c", "fetch.unpackLimit=1",  # a pack is there as a whole or not at all
                "-c", "http.lowSpeedLimit=100", "-c", "http.lowSpeedTime=60",
                "fetch", "--progress", "--no-tags", "--no-write-fetch-head", *options,
                "--", self._address.url, *refspecs,
            ),
            within=FETCH_WITHIN,
            authorization=self._address.given.authorization,
            holds=(lock,),
        )  # fmt: skip

    # -- git

    def _git(self, call: Call, watch: _Watch) -> Ended:
        ended = self._tried(call, watch)
        if ended.status != 0:
            raise self._failure(ended)
        return ended

    def _tried(self, call: Call, watch: _Watch) -> Ended:
        try:
            return run_git(call, watch)
        except TimeoutError as error:
            raise UpstreamUnreachable(
                f"{self._address.url} must answer within {call.within.total_seconds():.0f} s, and"
                " did not: look at the network and try again"
            ) from error

    def _failure(self, ended: Ended) -> Exception:
        url, said = self._address.url, in_one_line(ended.errors)
        match cause_of(said):
            case Cause.DENIED:
                return UpstreamDenied(
                    f"{url} must let you read it, and does not (or there is no such repository):"
                    f" {said}; check that `git ls-remote {url}` works without a question, by a"
                    " credential helper or an SSH key"
                )
            case Cause.ABSENT:
                return NoRepository(f"{url} must be a git repository: {said}; check the address")
            case Cause.UNTRUSTED:
                return UpstreamDenied(
                    f"{url} must be trusted by git, and is not: {said}; check that"
                    f" `git ls-remote {url}` works"
                )
            case Cause.CUT_OFF:
                return UpstreamUnreachable(
                    f"{url} must be reachable: {said}; look at the network and try again"
                )
            case Cause.UNKNOWN:
                return UpstreamUnreachable(f"{url} answers, but not as it should: {said}")


def _commit(repository: pygit2.Repository, oid: str) -> str | None:
    """The full id of the commit that an id, perhaps an abbreviated one or of a tag, stands for."""
    try:
        return str(repository.revparse_single(oid).peel(pygit2.Commit).id)
    except (KeyError, ValueError, pygit2.InvalidSpecError):
        return None


def _packages(tree: pygit2.Tree, path: str = "") -> Iterator[str]:
    """The directories that are packages."""
    if holds_kptfile(tree):
        yield path or "(its root)"
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from _packages(entry, f"{path}/{entry.name}" if path else str(entry.name))
