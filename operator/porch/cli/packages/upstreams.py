"""Packages where they come from: found, fetched, and each asked for once.

Effects: the network and the cache of clones, by GitCache.
Errors    those of GitCache, and BadArguments for an address in which no repository is found.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from porch.cli.errors import BadArguments, NoRepository, NoSuchReference, UpstreamDenied
from porch.cli.packages.gitcache import GitCache
from porch.cli.packages.packageurl import PackageUrl, Place
from porch.cli.packages.progress import Progress
from porch.cli.packages.refs import RemoteRefs, Resolved, resolve, suggestions
from porch.kpt.content import Content
from porch.kpt.kptfile import GitRef
from porch.kpt.links import without_escaping_links
from porch.storage.git.remote import Address, address


@dataclass(frozen=True, slots=True)
class Fetched:
    """A package as it is upstream."""

    content: Content
    place: GitRef  # with its commit; `ref` is never empty
    left_out: tuple[str, ...]  # links that would lead out of it


class Upstreams:
    """All repositories of one command."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._caches: dict[str, GitCache] = {}
        self._refs: dict[str, RemoteRefs] = {}
        self._fetched: dict[tuple[str, str, str], tuple[Content, tuple[str, ...]]] = {}

    def locate(self, url: PackageUrl) -> GitRef:
        """Which part of an address is the repository; the reference is as it was written."""
        if url.is_local:
            place = _local_place(url)
        elif len(url.places) == 1:
            place = url.places[0]
        else:
            place = self._remote_place(url)
        shown = address_of(place.repo).url
        if shown != place.repo:
            self._caches[shown] = GitCache(address_of(place.repo), self._progress)
        return GitRef(shown, f"/{place.directory}", url.ref)

    def fetch(self, wanted: GitRef) -> Fetched:
        """The package at a tag, branch or commit; "" is the default branch."""
        refs = self._listed(wanted.repo)
        directory = wanted.directory.strip("/")
        found = resolve(wanted.ref, directory, refs)
        if found is None:
            what = f"{wanted.ref!r} must be" if wanted.ref else "there must be"
            url = address_of(wanted.repo).url
            raise NoSuchReference(
                f"{what} a tag, branch or commit of {url}, and there is none;"
                f" {suggestions(wanted.ref, directory, refs)}"
            )
        return self._at(replace(wanted, ref=found.name), found)

    def at_commit(self, locked: GitRef) -> Fetched:
        """The package at the commit of a lock."""
        return self._at(locked, Resolved(locked.ref or locked.commit[:7], locked.commit))

    def _at(self, place: GitRef, found: Resolved) -> Fetched:
        cache = self._cache(place.repo)
        commit = cache.commit(found)
        directory = place.directory.strip("/")
        key = (place.repo, commit, directory)
        if key not in self._fetched:
            self._fetched[key] = without_escaping_links(cache.content(commit, directory))
        content, left_out = self._fetched[key]
        return Fetched(content, replace(place, commit=commit), left_out)

    def _listed(self, repo: str) -> RemoteRefs:
        if repo not in self._refs:
            self._refs[repo] = self._cache(repo).refs()
        return self._refs[repo]

    def _cache(self, repo: str) -> GitCache:
        if repo not in self._caches:
            self._caches[repo] = GitCache(address_of(repo), self._progress)
        return self._caches[repo]

    def _remote_place(self, url: PackageUrl) -> Place:
        """Ask the server, the shortest part first."""
        for place in url.places:
            try:
                self._listed(place.repo)
            except (NoRepository, UpstreamDenied):
                continue
            return place
        shown = address_of(url.places[-1].repo).url
        raise NoRepository(
            f"a part of {shown} must be a git repository that you may read, and none is: write"
            " `.git` where the repository's part of the address ends"
        )


def shown_place(place: GitRef) -> str:
    """A place for messages: without a password, and without a reference."""
    directory = place.directory.strip("/")
    return f"{address_of(place.repo).url}/{directory}" if directory else address_of(place.repo).url


def address_of(repo: str) -> Address:
    """The repository that a Kptfile names, its password apart."""
    if repo.startswith(("http://", "https://")):
        return address(repo)
    return Address(repo, is_http=False)


def _local_place(url: PackageUrl) -> Place:
    """The innermost repository on the way down the path."""
    for place in reversed(url.places):
        scheme, path = _split(place.repo)
        root = Path(path).resolve()
        if (root / ".git").exists() or (root / "HEAD").is_file():
            return Place(f"{scheme}{root}", place.directory)
    if len(url.places) == 1:
        raise NoRepository(f"{url.places[0].repo!r} must be a git repository, and is none")
    raise BadArguments(
        f"a part of the path {url.places[-1].repo!r} must be a git repository, and none is"
    )


def _split(repo: str) -> tuple[str, str]:
    scheme = "file://" if repo.startswith("file://") else ""
    return scheme, repo.removeprefix(scheme)
