"""The `status` of a PorchPackage, made from its revisions and those of its upstream. Pure.

An upstream is the same package wherever a lock names the same repository and the same tags,
"net/vpc/v2", or the same directory: locks that other systems wrote may lack the part of the
directory that is registered, but never a part of the tag.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from porch.api.lifecycle import Lifecycle
from porch.api.package import (
    NewerUpstream,
    PackageUpstream,
    PorchPackageStatus,
    RevisionCounts,
)
from porch.api.packagerevision import Locator, PackageRevision
from porch.storage.git.layout import number_of

_NEEDS = (Lifecycle.DELETION_PROPOSED, Lifecycle.PROPOSED, Lifecycle.DRAFT, Lifecycle.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Origin:
    """A package by where it lies in git."""

    repo: str  # without ".git" and slashes at its end
    package: str  # the tag without the number, or the directory


Published = Callable[[Origin], Iterable[PackageRevision]]


def origin_of(locator: Locator | None) -> Origin | None:
    """The package that a lock is about; None when it does not say."""
    git = locator.git if locator is not None else None
    if git is None:
        return None
    tag, _, last = git.ref.removeprefix("refs/tags/").rpartition("/")
    package = tag if tag and number_of(last) > 0 else git.directory.strip("/")
    return Origin(git.repo.rstrip("/").removesuffix(".git"), package) if package else None


def published_origin(revision: PackageRevision) -> Origin | None:
    """The package of a numbered revision; what has no number is nobody's newer upstream."""
    return origin_of(revision.status.self_lock) if revision.status.revision > 0 else None


def upstream_origin(revision: PackageRevision) -> Origin | None:
    """The package that a revision was made from."""
    return origin_of(revision.status.upstream_lock)


def latest_of(revisions: Sequence[PackageRevision]) -> PackageRevision | None:
    """The published revision with the highest number; None when there is none."""
    numbered = [each for each in revisions if _counts_as_latest(each)]
    return max(numbered, key=lambda each: each.status.revision, default=None)


def package_status(
    revisions: Sequence[PackageRevision], published: Published, *, generation: int
) -> PorchPackageStatus:
    """What is known of a package; `published` are the numbered revisions of another one."""
    latest = latest_of(revisions)
    states = Counter(
        each.status.lifecycle
        for each in revisions
        if each.status.lifecycle is not None and each.status.revision >= 0
    )
    return PorchPackageStatus(
        observed_generation=generation,
        latest_revision=latest.status.revision if latest is not None else 0,
        latest=latest.metadata.name if latest is not None else "",
        lifecycle=next((each for each in _NEEDS if states[each]), None),
        revisions=RevisionCounts(
            draft=states[Lifecycle.DRAFT],
            proposed=states[Lifecycle.PROPOSED],
            published=states[Lifecycle.PUBLISHED],
            deletion_proposed=states[Lifecycle.DELETION_PROPOSED],
        ),
        upstream=_upstream(latest or _newest(revisions), published),
    )


def _counts_as_latest(revision: PackageRevision) -> bool:
    status = revision.status
    is_published = status.lifecycle is not None and status.lifecycle.is_published
    return status.revision > 0 and is_published and revision.metadata.deletion_timestamp is None


def _newest(revisions: Sequence[PackageRevision]) -> PackageRevision | None:
    """Of a package that is not published yet, whatever there is."""
    return max(revisions, key=lambda each: each.metadata.name, default=None)


def _upstream(revision: PackageRevision | None, published: Published) -> PackageUpstream | None:
    origin = upstream_origin(revision) if revision is not None else None
    lock = revision.status.upstream_lock if revision is not None else None
    if origin is None or lock is None or lock.git is None:
        return None
    number = max(number_of(lock.git.ref.rpartition("/")[2]), 0)
    newest = latest_of(list(published(origin)))
    newer = None
    if newest is not None and 0 < number < newest.status.revision:
        newer = NewerUpstream(name=newest.metadata.name, revision=newest.status.revision)
    return PackageUpstream(lock=lock, revision=number, newer=newer)
