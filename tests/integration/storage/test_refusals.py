"""A server that says no: one bad package never stops the others, and its words reach the user."""

from __future__ import annotations

import asyncio

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import Outcome, Refused, RevisionId, Stored
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.storage.packages import VPC, draft, publication, published, stored

pytestmark = pytest.mark.process

# An update hook: the ref, its old value, its new value.
FROZEN = """\
#!/bin/sh
case "$1" in
  refs/tags/p3/*) echo "package p3 is frozen until Monday" >&2; exit 1;;
esac
"""
NO_CHANGE_OF_TAGS = """\
#!/bin/sh
case "$1" in
  refs/tags/*) echo "tags are for releases" >&2; exit 1;;
esac
"""


async def five(repository: GitRepository) -> list[Outcome]:
    """Five publications at once."""
    changes = [publication(RevisionId(f"p{number}", "v1")) for number in range(5)]
    return list(await asyncio.gather(*map(repository.apply, changes)))


@pytest.mark.parametrize("is_atomic", [True, False])
async def test_a_hook_that_refuses_one_package_of_five_refuses_that_one(
    repository: GitRepository, git_repository: Repository, *, is_atomic: bool
) -> None:
    """The other four are published, in one history."""
    if not is_atomic:
        git_repository.without_atomic()
    git_repository.install_hook("update", FROZEN)
    outcomes = await five(repository)

    assert [type(each) for each in outcomes] == [Stored, Stored, Stored, Refused, Stored]
    refused = outcomes[3]
    assert isinstance(refused, Refused)
    assert "package p3 is frozen until Monday" in refused.message
    tags = {ref for ref in git_repository.refs() if ref.startswith("refs/tags/")}
    assert tags == {f"refs/tags/p{number}/v1" for number in (0, 1, 2, 4)}


async def test_a_protected_branch_refuses_publications_and_takes_drafts(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Nothing of a publication is there, the proposal still is."""
    git_repository.protect("main")
    put = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    before = git_repository.refs()
    outcomes = await five(repository)
    refused = await repository.apply(publication(over=put))

    assert [type(each) for each in outcomes] == [Refused] * 5
    assert isinstance(refused, Refused)
    assert "protected branch main" in refused.message
    assert git_repository.refs() == before


async def test_a_publication_that_was_refused_can_be_repeated(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Once the hook agrees, nothing of the first attempt is in the way."""
    git_repository.install_hook("update", NO_CHANGE_OF_TAGS)
    put = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    assert isinstance(await repository.apply(publication(over=put)), Refused)
    git_repository.remove_hook("update")

    assert stored(await repository.apply(publication(over=put))).revision == 1


async def test_without_atomic_pushes_a_refused_tag_leaves_one_merge_and_no_more(
    repository: GitRepository, git_repository: Repository
) -> None:
    """The merge on the branch is recognised by its line, and gets its tag the next time."""
    git_repository.without_atomic()
    git_repository.install_hook("update", NO_CHANGE_OF_TAGS)
    put = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    for _ in range(2):
        assert isinstance(await repository.apply(publication(over=put)), Refused)
    git_repository.remove_hook("update")
    merged = git_repository.refs()["refs/heads/main"]
    final = stored(await repository.apply(publication(over=put)))

    assert final.lock.commit == merged
    assert git_repository.refs().keys() == {"refs/heads/main", "refs/tags/net/vpc/v1"}
    assert git_repository.git("rev-list", "--count", "--merges", "main").strip() == "1"


async def test_a_name_that_another_package_is_in_the_way_of_is_refused(
    repository: GitRepository,
) -> None:
    """Git cannot have a branch beside a folder of branches with its name."""
    await repository.apply(draft(RevisionId("net", "vpc")))
    outcome = await repository.apply(draft(VPC))

    assert isinstance(outcome, Refused)
    assert "drafts/net/vpc" in outcome.message


async def test_a_workspace_named_as_the_branch_is_refused(repository: GitRepository) -> None:
    """Its name is that of the placeholder."""
    assert isinstance(await repository.apply(draft(RevisionId("net/vpc", "main"))), Refused)


async def test_what_was_published_before_stays_when_a_batch_is_refused(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Never is a tag moved."""
    await published(repository, RevisionId("p3", "v0"))
    before = git_repository.refs()["refs/tags/p3/v1"]
    git_repository.install_hook("update", FROZEN)
    await five(repository)

    assert git_repository.refs()["refs/tags/p3/v1"] == before
    assert "refs/tags/p3/v2" not in git_repository.refs()
