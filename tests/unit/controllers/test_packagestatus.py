"""What a PorchPackage says of its revisions and of its upstream."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from porch.api.lifecycle import Lifecycle
from porch.api.meta import ObjectMeta
from porch.api.package import NewerUpstream, PorchPackageStatus, RevisionCounts
from porch.api.packagerevision import (
    GitLock,
    Locator,
    PackageRevision,
    PackageRevisionSpec,
    PackageRevisionStatus,
)
from porch.controllers.packagestatus import Origin, origin_of, package_status, published_origin

D, P = Lifecycle.DRAFT, Lifecycle.PROPOSED
PUB, DEL = Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED
REPO = "https://example.org/r.git"


def lock(ref: str, *, directory: str = "net/vpc", repo: str = REPO) -> Locator:
    """A place in git."""
    return Locator(type="git", git=GitLock(repo=repo, directory=directory, ref=ref, commit="c"))


def revision(
    name: str, lifecycle: Lifecycle, number: int = 0, *, upstream: Locator | None = None
) -> PackageRevision:
    """A revision of package `net/vpc`, as its status says it."""
    status = PackageRevisionStatus(
        lifecycle=lifecycle,
        revision=number,
        self_lock=lock(f"net/vpc/v{number}") if number > 0 else None,
        upstream_lock=upstream,
    )
    spec = PackageRevisionSpec(
        package_name="net/vpc", repository="r", workspace_name=name, lifecycle=lifecycle
    )
    metadata = msgspec.convert({"name": f"r.net.vpc.{name}", "namespace": "ns"}, ObjectMeta)
    return PackageRevision(metadata=metadata, spec=spec, status=status)


def status(
    *revisions: PackageRevision, registered: Iterable[PackageRevision] = ()
) -> PorchPackageStatus:
    """The status; `registered` are revisions that may be somebody's upstream."""

    def published(origin: Origin) -> list[PackageRevision]:
        return [each for each in registered if published_origin(each) == origin]

    return package_status(revisions, published, generation=1)


def test_revisions_are_counted_and_the_highest_number_is_the_latest() -> None:
    """What the branch shows has no number and counts as none."""
    found = status(
        revision("v1", DEL, 1),
        revision("v3", PUB, 3),
        revision("v2", PUB, 2),
        revision("main", PUB, -1),
        revision("v4", P),
        revision("v5", D),
        revision("v6", D),
    )

    assert (found.latest_revision, found.latest) == (3, "r.net.vpc.v3")
    assert found.revisions == RevisionCounts(draft=2, proposed=1, published=2, deletion_proposed=1)


@pytest.mark.parametrize(
    ("states", "needs"),
    [
        ((PUB, D, P, DEL), DEL),
        ((PUB, D, P), P),
        ((PUB, D), D),
        ((PUB,), PUB),
        ((), None),
    ],
)
def test_the_package_shows_what_it_needs_next(
    states: tuple[Lifecycle, ...], needs: Lifecycle | None
) -> None:
    """Approvals first: somebody waits for them."""
    revisions = [revision(f"v{number}", each) for number, each in enumerate(states)]

    assert status(*revisions).lifecycle is needs


def test_a_newer_revision_of_the_upstream_is_named() -> None:
    """Of the newest revision's upstream; what is not higher is not newer."""
    upstream = [revision("v1", PUB, 1), revision("v2", PUB, 2), revision("v3", D)]
    old = revision("w1", PUB, 1, upstream=lock("net/vpc/v1"))
    new = revision("w2", PUB, 2, upstream=lock("net/vpc/v2"))

    behind = status(old, registered=upstream).upstream
    assert behind is not None
    assert (behind.revision, behind.newer) == (1, NewerUpstream(name="r.net.vpc.v2", revision=2))
    current = status(old, new, registered=upstream).upstream
    assert current is not None
    assert (current.revision, current.newer) == (2, None)


@pytest.mark.parametrize(
    "same",
    [
        lock("net/vpc/v7"),
        lock("net/vpc/v7", repo="https://example.org/r"),
        lock("net/vpc/v7", directory="vpc"),  # as another system writes it
        lock("main"),
        lock("v7"),
    ],
)
def test_one_upstream_has_many_locks(same: Locator) -> None:
    """By tag, by directory, with and without the ending."""
    assert origin_of(same) == Origin("https://example.org/r", "net/vpc")


def test_an_upstream_without_a_number_has_none_that_is_newer() -> None:
    """Whoever cloned a branch gets its next commit by another clone."""
    found = status(
        revision("w1", PUB, 1, upstream=lock("main")), registered=[revision("v1", PUB, 1)]
    )

    assert found.upstream is not None
    assert (found.upstream.revision, found.upstream.newer) == (0, None)
