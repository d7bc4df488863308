"""Two writers on one repository: numbers are unique, nothing is lost, nothing is overwritten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import Moved, RevisionId, Stored
from porch.storage.git.layout import Layout
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.somebody import Somebody
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import (
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)

pytestmark = pytest.mark.process


async def test_two_writers_of_one_package_get_unique_numbers(
    opened: Opener, git_repository: Repository
) -> None:
    """Fifty publications by two processes that know nothing of each other."""
    one, two = await opened(), await opened()

    async def publish(repository: GitRepository, name: str) -> list[int]:
        numbers = []
        for count in range(25):
            id_ = RevisionId("net/vpc", f"{name}{count}")
            numbers.append((await published(repository, id_, f"{name}{count}")).revision)
        return numbers

    found = await asyncio.gather(publish(one, "a"), publish(two, "b"))

    assert sorted(found[0] + found[1]) == list(range(1, 51))
    revisions = (await (await opened()).observe()).revisions
    for name, numbers in zip("ab", found, strict=True):
        for count, number in enumerate(numbers):
            revision = revisions[RevisionId("net/vpc", f"{name}{count}")]
            assert revision.revision == number
            assert revision.digest == package(f"{name}{count}").digest
    merges = git_repository.git("rev-list", "--count", "--first-parent", "main").strip()
    assert merges == str(50 + 1)


async def test_people_who_push_to_the_branch_lose_nothing_and_stop_nothing(
    opened: Opener, git_repository: Repository, tmp_path: Path
) -> None:
    """Plain git in a loop while twenty publications run."""
    somebody = Somebody(opened.url, tmp_path / "work")
    pushing = asyncio.create_task(asyncio.to_thread(somebody.push_on))
    repository = await opened()
    try:
        for count in range(20):
            assert (await published(repository, RevisionId(f"p{count}", "v1"))).revision == 1
    finally:
        somebody.stopped = True
        await pushing
    assert somebody.pushed > 0

    files = git_repository.files("main")
    assert {f"file-{number}" for number in range(somebody.pushed)} <= set(files)
    assert {f"p{count}/Kptfile" for count in range(20)} <= set(files)


async def test_a_lost_race_on_the_branch_alone_is_nobodys_trouble(
    repository: GitRepository, git_repository: Repository
) -> None:
    """What we know of the branch is old; the publication goes on top of what is there."""
    await repository.observe()
    theirs = git_repository.commit({"other/file": "x"})
    await published(repository)

    assert git_repository.git("rev-parse", "main^1").strip() == theirs


async def test_a_number_that_others_took_is_not_taken_from_them(
    repository: GitRepository, opened: Opener, git_repository: Repository
) -> None:
    """A tag is pushed as absent, or not at all."""
    await repository.observe()
    theirs = await published(await opened(), RevisionId("net/vpc", "theirs"))
    ours = await published(repository, RevisionId("net/vpc", "ours"))

    assert (theirs.revision, ours.revision) == (1, 2)
    assert git_repository.refs()["refs/tags/net/vpc/v1"] == theirs.lock.commit


async def test_of_two_publications_of_one_revision_one_wins(opened: Opener) -> None:
    """The other one finds the same content and is content."""
    one, two = await opened(), await opened()
    found = await asyncio.gather(published(one), published(two))

    assert found[0] == found[1]
    assert found[0].revision == 1


async def test_a_rejection_stops_a_publication_that_does_not_know_of_it(
    repository: GitRepository, opened: Opener, git_repository: Repository
) -> None:
    """The proposal's branch moved: whoever approved it must look again."""
    put = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    other = await opened()
    rejected = stored(await other.apply(draft(over=put)))

    assert await repository.apply(publication(over=put)) == Moved(rejected)
    assert "refs/tags/net/vpc/v1" not in git_repository.refs()


async def test_registrations_of_two_branches_share_numbers_and_drafts(opened: Opener) -> None:
    """Tags and drafts are not kept apart by branch."""
    clones = await opened()
    release = await opened(Layout(branch="release", directory=""), create_branch=True)
    await release.observe()
    first = await published(clones, RevisionId("net/vpc", "v1"))
    second = await published(release, RevisionId("net/vpc", "v2"), "2")

    assert (first.revision, second.revision) == (1, 2)


async def test_a_listing_under_way_does_not_hide_what_is_pushed_meanwhile(
    repository: GitRepository,
) -> None:
    """A revision never vanishes after it was acknowledged."""
    await repository.observe()
    for count in range(10):
        id_ = RevisionId(f"p{count}", "v1")
        listing = asyncio.create_task(repository.observe())
        await published(repository, id_)
        await listing
        assert id_ in (await repository.observe()).revisions

    outcomes = await asyncio.gather(repository.observe(), repository.apply(draft(VPC)))
    assert isinstance(outcomes[1], Stored)
