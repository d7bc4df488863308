"""Sub-packages with an upstream of their own that nobody has fetched yet.

Effects: those of the caller's `fetch`. A package was fetched when its Kptfile has an
`upstreamLock`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from posixpath import dirname

from porch.cli.errors import NoUpstream
from porch.cli.packages.localpackage import kptfile_of
from porch.cli.packages.packageurl import is_local
from porch.cli.packages.upstreams import Fetched, shown_place
from porch.kpt.content import Content
from porch.kpt.files import package_directories
from porch.kpt.kptfile import KPTFILE, GitRef, Kptfile, Upstream, UpstreamLock
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.provenance import with_provenance
from porch.kpt.subtrees import subtree, with_subtree

_NOTHING = Content({})


FetchInner = Callable[[str, GitRef], Fetched]  # a sub-package by its directory and its wish


def fetch_remotes(content: Content, fetch: FetchInner) -> tuple[Content, list[Fetched]]:
    """The content with every sub-package in it that was not fetched, also those that come so."""
    fetched: list[Fetched] = []
    while (directory := next(_unfetched(content), None)) is not None:
        kptfile = kptfile_of(content, directory)
        upstream = git_upstream(kptfile, directory)
        check_cycle(content, directory, upstream)
        check_machine(content, directory, upstream)
        found = fetch(directory, upstream)
        package = adopted(subtree(content, directory), kptfile, found)
        content = with_subtree(content, directory, package)
        fetched.append(found)
    return content, fetched


def adopted(package: Content, kptfile: Kptfile, found: Fetched) -> Content:
    """A package that so far only said where it comes from, with what is there."""
    upstream, lock = provenance(found, kptfile.upstream)
    updated = with_provenance(found.content, name=kptfile.name, upstream=upstream, lock=lock)
    merged = upgrade(_NOTHING, updated, package, strategy=Strategy.RESOURCE_MERGE).content
    return with_provenance(merged, name=kptfile.name, upstream=upstream, lock=lock)


def provenance(found: Fetched, before: Upstream | None) -> tuple[Upstream, UpstreamLock]:
    """What the Kptfile of a fetched package says."""
    strategy = before.update_strategy if before is not None else ""
    wish = replace(found.place, commit="")
    return (
        Upstream("git", wish, strategy or str(Strategy.RESOURCE_MERGE)),
        UpstreamLock("git", found.place),
    )


def git_upstream(kptfile: Kptfile, where: str) -> GitRef:
    """Where the package comes from; NoUpstream when it does not say, or not from git."""
    if kptfile.upstream is None or kptfile.upstream.git is None:
        raise NoUpstream(
            f"the Kptfile of {where!r} must name where the package comes from, in `upstream.git`:"
            " packages that `porchctl pkg get` fetched do"
        )
    return kptfile.upstream.git


def check_cycle(content: Content, directory: str, upstream: GitRef) -> None:
    """A package must not hold itself: it would never end."""
    for outer in _around(content, directory):
        if (outer.repo, outer.directory) == (upstream.repo, upstream.directory):
            raise NoUpstream(
                f"the package {directory!r} must not come from the package that it is in:"
                f" {shown_place(upstream)}"
            )


def check_machine(content: Content, directory: str, upstream: GitRef) -> None:
    """A package of another machine must not choose what is read of this one."""
    for outer in _around(content, directory):
        if is_local(upstream.repo) and not is_local(outer.repo):
            raise NoUpstream(
                f"the package {directory!r} must not come from this machine ({upstream.repo!r}),"
                f" being part of one from {shown_place(outer)}"
            )


def _around(content: Content, directory: str) -> Iterator[GitRef]:
    """Where the packages around a directory come from, as far as they say."""
    while directory:
        directory = dirname(directory)
        if (f"{directory}/{KPTFILE}" if directory else KPTFILE) in content:
            upstream = kptfile_of(content, directory).upstream
            if upstream is not None and upstream.git is not None:
                yield upstream.git


def _unfetched(content: Content) -> Iterator[str]:
    for directory in package_directories(content):
        if directory:
            kptfile = kptfile_of(content, directory)
            has_upstream = kptfile.upstream is not None and kptfile.upstream.git is not None
            if has_upstream and kptfile.upstream_lock is None:
                yield directory
