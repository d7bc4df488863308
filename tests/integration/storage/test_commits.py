"""What each change does to refs, commits and trees, exactly."""

from __future__ import annotations

import asyncio

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import Delete, ProposeDeletion, RepositoryInvalid, RevisionId
from porch.storage.git.layout import Layout
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import (
    RENDER,
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)

pytestmark = pytest.mark.process

MAIN = "refs/heads/main"
DRAFT = "refs/heads/drafts/net/vpc/v1"
PROPOSED = "refs/heads/proposed/net/vpc/v1"
TAG = "refs/tags/net/vpc/v1"
MARK = "refs/heads/deletionProposed/net/vpc/v1"


def raw(server: Repository, revision: str) -> str:
    """A commit as git stores it."""
    return server.git("cat-file", "commit", revision)


def parents(server: Repository, revision: str) -> list[str]:
    """The parents of a commit, in order."""
    return server.git("rev-parse", f"{revision}^@").split()


def message(server: Repository, revision: str) -> str:
    """The message of a commit, byte for byte."""
    return raw(server, revision).partition("\n\n")[2]


async def test_a_draft_is_one_commit_on_the_branch_with_the_whole_tree(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Readers look for the package at its path from the root."""
    head = git_repository.refs()[MAIN]
    await repository.apply(draft())

    assert git_repository.refs().keys() == {MAIN, DRAFT}
    assert parents(git_repository, DRAFT) == [head]
    assert git_repository.files(DRAFT) == ["README.md", "net/vpc/Kptfile", "net/vpc/cm.yaml"]
    assert message(git_repository, DRAFT) == (
        "Creating new empty revision\n\n\n"
        'kpt:{"package":"net/vpc","workspaceName":"v1","revision":"0","task":{"type":"init",'
        '"init":{"description":"a package"}}}\n'
    )
    people = [line.rpartition(">")[0] for line in raw(git_repository, DRAFT).splitlines()[2:4]]
    assert people == [
        "author admin <admin@example.com",
        "committer Package Orchestration Service <porch@kpt.dev",
    ]


async def test_an_edit_is_a_commit_on_the_draft(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Its history says how the content came to be."""
    put = stored(await repository.apply(draft()))
    await repository.apply(draft(text="2", over=put, task=RENDER))

    assert parents(git_repository, DRAFT) == [put.lock.commit]
    assert message(git_repository, DRAFT) == (
        "Rendering package\n\n\n"
        'kpt:{"package":"net/vpc","workspaceName":"v1","revision":"0","task":{"type":"render"}}\n'
    )


async def test_proposing_moves_the_branch_without_a_commit(
    repository: GitRepository, git_repository: Repository
) -> None:
    """And so does taking it back."""
    put = stored(await repository.apply(draft()))
    proposed = stored(await repository.apply(draft(over=put, lifecycle=Lifecycle.PROPOSED)))
    assert git_repository.refs()[PROPOSED] == put.lock.commit == proposed.lock.commit
    assert DRAFT not in git_repository.refs()

    await repository.apply(draft(over=proposed))
    assert git_repository.refs().keys() == {MAIN, DRAFT}
    assert git_repository.refs()[DRAFT] == put.lock.commit


async def test_publishing_merges_the_proposal_and_tags_the_merge(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Branch and tag are the same commit; the proposal is its second parent."""
    put = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    head = git_repository.commit({"other/file": "x"}, message="Somebody else's")
    await repository.apply(publication(over=put))

    refs = git_repository.refs()
    assert refs.keys() == {MAIN, TAG}
    assert refs[MAIN] == refs[TAG]
    assert parents(git_repository, TAG) == [head, put.lock.commit]
    assert message(git_repository, TAG) == (
        "Approving package revision net/vpc/1\n\n"
        'kpt:{"package":"net/vpc","workspaceName":"v1","revision":"1"}\n'
    )
    assert git_repository.files(TAG) == [
        "README.md",
        "net/vpc/Kptfile",
        "net/vpc/cm.yaml",
        "other/file",
    ]


async def test_what_was_never_stored_gets_a_draft_commit_in_the_same_push(
    repository: GitRepository, git_repository: Repository, git_server: GitServer
) -> None:
    """The history of a publication always says where it came from."""
    head = git_repository.refs()[MAIN]
    await repository.observe()
    git_server.served.clear()
    await repository.apply(publication())

    pushes = [each for each in git_server.served if each.method == "POST"]
    assert [each.service for each in pushes] == ["git-receive-pack"]
    first, second = parents(git_repository, TAG)
    assert first == head
    assert parents(git_repository, second) == [head]
    assert message(git_repository, second).startswith("Creating new empty revision\n")


async def test_a_stale_draft_gets_the_sealed_content_as_one_more_commit(
    repository: GitRepository, git_repository: Repository
) -> None:
    """What is merged is what was approved."""
    put = stored(await repository.apply(draft(text="old")))
    await repository.apply(publication(text="new", over=put))

    _, second = parents(git_repository, TAG)
    assert parents(git_repository, second) == [put.lock.commit]
    assert git_repository.read(TAG, "net/vpc/cm.yaml") == "data: new\n"


async def test_a_deletion_is_proposed_by_a_branch_at_the_tag(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Deleting removes tag and mark; the branch keeps content and history."""
    final = await published(repository)
    await repository.apply(ProposeDeletion(VPC))
    assert git_repository.refs()[MARK] == git_repository.refs()[TAG]

    await repository.apply(Delete(VPC, final.version))
    assert git_repository.refs().keys() == {MAIN}
    assert "net/vpc/Kptfile" in git_repository.files(MAIN)


async def test_a_placeholder_is_deleted_by_a_commit_on_the_branch(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Directories that become empty go with it."""
    await published(repository)
    placeholder = RevisionId("net/vpc", "main")
    await repository.apply(ProposeDeletion(placeholder))
    mark = "refs/heads/deletionProposed/net/vpc/main"
    assert mark in git_repository.refs()
    listed = (await repository.observe()).revisions[placeholder]
    assert listed.lifecycle is Lifecycle.DELETION_PROPOSED

    await repository.apply(Delete(placeholder, listed.version))
    assert git_repository.files(MAIN) == ["README.md"]
    assert message(git_repository, MAIN) == "Delete net/vpc"
    assert git_repository.refs().keys() == {MAIN, TAG}


async def test_publications_that_come_together_are_a_chain_of_merges_in_one_push(
    repository: GitRepository, git_repository: Repository, git_server: GitServer
) -> None:
    """Each with its own tag; the branch ends at the last."""
    await repository.observe()
    git_server.served.clear()
    ids = [RevisionId(f"p{number}", "v1") for number in range(5)]
    outcomes = await asyncio.gather(*(repository.apply(publication(id_)) for id_ in ids))

    pushes = [each for each in git_server.served if each.service == "git-receive-pack"]
    assert len([each for each in pushes if each.method == "POST"]) == 1
    line = git_repository.git("rev-list", "--first-parent", MAIN).split()
    assert line[:5][::-1] == [stored(each).lock.commit for each in outcomes]


async def test_two_publications_of_one_package_together_get_two_numbers(
    repository: GitRepository,
) -> None:
    """The second one sees the first one's tag before it exists."""
    outcomes = await asyncio.gather(
        repository.apply(publication(VPC, "1")),
        repository.apply(publication(RevisionId("net/vpc", "v2"), "2")),
    )

    assert [stored(each).revision for each in outcomes] == [1, 2]


async def test_refs_and_lines_name_the_package_from_the_root(
    opened: Opener, git_repository: Repository
) -> None:
    """Whoever registers the repository without a directory must find it."""
    repository = await opened(Layout(branch="main", directory="catalog/gcp"))
    found = await published(repository, RevisionId("bucket", "v1"))

    assert "refs/tags/catalog/gcp/bucket/v1" in git_repository.refs()
    assert found.lock.directory == "catalog/gcp/bucket"
    whole = (await (await opened()).observe()).revisions
    assert whole[RevisionId("catalog/gcp/bucket", "v1")].digest == package().digest


async def test_a_missing_branch_is_made_when_asked_for(
    opened: Opener, git_repository: Repository
) -> None:
    """From nothing: no history of another branch comes with it."""
    release = Layout(branch="release", directory="")
    with pytest.raises(RepositoryInvalid, match="createBranch"):
        await (await opened(release)).observe()

    repository = await opened(release, create_branch=True)
    snapshot = await repository.observe()
    assert git_repository.refs()["refs/heads/release"] == snapshot.head
    assert git_repository.read("release", "README.md") == "Created by porch"
    assert message(git_repository, "release") == "Initial commit: Creating main branch"
    assert (await published(repository)).revision == 1


async def test_an_empty_repository_is_begun(opened: Opener, git_server: GitServer) -> None:
    """The first branch of all."""
    empty = git_server.create_repository("begun-from-nothing")
    opened.url = git_server.url_of(empty)
    repository = await opened(create_branch=True)

    assert (await repository.observe()).revisions == {}
    assert (await published(repository)).revision == 1


async def test_a_missing_branch_is_an_error_of_the_publication_only(
    opened: Opener, git_repository: Repository
) -> None:
    """A draft needs no branch; what is published needs somewhere to be merged."""
    repository = await opened(Layout(branch="release", directory=""))
    put = stored(await repository.apply(draft()))
    with pytest.raises(RepositoryInvalid, match="does not exist"):
        await repository.apply(publication(over=put))

    assert parents(git_repository, DRAFT) == []
