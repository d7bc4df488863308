"""What other people put into a repository is read, or told of, and never destroyed."""

from __future__ import annotations

import asyncio

import pytest

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
from porch.storage.adapter import Delete, Moved, Publish, Refused, RevisionId, Version
from porch.storage.git.objects import Damaged
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import (
    AUTHOR,
    INIT,
    RENDER,
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)

pytestmark = pytest.mark.process

KPTFILE = {"p/Kptfile": "kind: Kptfile\n"}
P1 = RevisionId("p", "v1")


async def test_a_file_where_a_package_must_go_is_kept(
    repository: GitRepository, git_repository: Repository
) -> None:
    """A folder in its place would delete it, on the branch that everybody uses."""
    git_repository.commit({"net": "somebody's file"})

    outcome = await repository.apply(publication())

    assert isinstance(outcome, Refused)
    assert "'net' must be a folder" in outcome.message
    assert git_repository.read("main", "net") == "somebody's file"


async def test_a_branch_under_a_drafts_name_that_holds_none_is_kept(
    repository: GitRepository, git_repository: Repository
) -> None:
    """It is somebody's work, though not a package."""
    theirs = git_repository.commit({"notes.txt": "theirs"}, branch="drafts/net/vpc/v1")

    outcomes = [await repository.apply(draft()), await repository.apply(publication())]

    assert all(isinstance(each, Refused) for each in outcomes)
    assert git_repository.refs()["refs/heads/drafts/net/vpc/v1"] == theirs


async def test_an_annotation_that_nobody_can_parse_hides_nothing(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Whoever may push one commit must not take the repository out of service."""
    commit = git_repository.commit(KPTFILE, message="x\n\nkpt:" + "[" * 100_000)
    git_repository.git("update-ref", "refs/tags/p/v1", commit)

    assert P1 in (await repository.observe()).revisions


@pytest.mark.parametrize("kind", ["submodule", "group-writable file", "empty folder"])
async def test_what_content_cannot_say_is_kept_and_does_not_unsettle_the_digest(
    kind: str, repository: GitRepository, git_repository: Repository
) -> None:
    """A listed digest that no reading ever has would be repaired again and again."""
    tree = odd_package(git_repository, kind)
    commit = committed(git_repository, tree)
    git_repository.git("update-ref", "refs/heads/drafts/p/v1", commit)
    found = (await repository.observe()).revisions[P1]
    content = await repository.read(found)

    assert found.digest == content.digest
    outcome = stored(await repository.apply(publication_of(found.id, content, found.version)))
    assert outcome.digest == content.digest
    assert git_repository.git("rev-parse", "p/v1:p").strip() == tree


async def test_a_file_name_that_is_no_text_is_told_when_it_is_read(
    repository: GitRepository, git_repository: Repository
) -> None:
    """The revision is listed; an error of the codec would name neither file nor repository."""
    blob = git_repository.git("hash-object", "-w", "--stdin", stdin=b"kind: Kptfile\n").strip()
    entries = (f"100644 blob {blob}\t".encode() + name for name in (b"Kptfile", b"f\xff"))
    tree = git_repository.git("mktree", "-z", stdin=b"".join(each + b"\0" for each in entries))
    commit = committed(git_repository, tree.strip())
    git_repository.git("update-ref", "refs/tags/p/v1", commit)
    found = (await repository.observe()).revisions[P1]

    with pytest.raises(Damaged, match="must be UTF-8"):
        await repository.read(found)


async def test_a_publication_brings_its_content_to_the_branch_again(
    repository: GitRepository, git_repository: Repository
) -> None:
    """An old approval of the same content is no proof that the branch still has it."""
    first = await published(repository)
    await repository.apply(Delete(VPC, first.version))
    git_repository.commit({"net/vpc/cm.yaml": "by hand"})
    await repository.observe()

    again = await published(repository)

    assert again.revision == 1
    assert git_repository.read("main", "net/vpc/cm.yaml") == package()["cm.yaml"].text


async def test_what_a_revision_began_with_is_told_by_its_first_commit(
    repository: GitRepository, opened: Opener
) -> None:
    """Also when a second content overtook the first before it was pushed."""
    await repository.observe()
    await asyncio.gather(
        repository.apply(draft(RevisionId("busy", "v1"))),
        repository.apply(draft(text="1", task=INIT)),
        repository.apply(draft(text="2", task=RENDER)),
    )

    found = (await (await opened()).observe()).revisions[VPC]
    assert (found.task, found.digest) == (INIT, package("2").digest)


async def test_nobody_is_shown_a_draft_that_was_never_pushed(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Of two changes that wait together, the second is decided on how the first ended."""
    before = stored(await repository.apply(draft()))
    git_repository.install_hook("update", REFUSE_NEW_CONTENT)
    outcomes = await asyncio.gather(
        repository.apply(draft(text="2", over=before)),
        repository.apply(Delete(VPC, before.version)),
    )

    assert isinstance(outcomes[0], Refused)
    assert not isinstance(outcomes[1], Moved)
    assert "refs/heads/drafts/net/vpc/v1" not in git_repository.refs()


async def test_a_proposal_that_is_rejected_during_its_publication_is_not_published(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Rejecting moves the branch first, so the publication loses its lease and looks again."""
    proposal = stored(await repository.apply(draft(lifecycle=Lifecycle.PROPOSED)))
    git_repository.git("update-ref", "refs/heads/drafts/net/vpc/v1", proposal.lock.commit)
    git_repository.git("update-ref", "-d", "refs/heads/proposed/net/vpc/v1")

    assert isinstance(await repository.apply(publication(over=proposal)), Moved)
    assert not [ref for ref in git_repository.refs() if ref.startswith("refs/tags/")]


REFUSE_NEW_CONTENT = """\
#!/bin/sh
case "$3" in *[!0]*) echo "no new content" >&2; exit 1;; esac
"""


def odd_package(repository: Repository, kind: str) -> str:
    """The tree of a package with one thing that no file of ours can be."""
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"kind: Kptfile\n").strip()
    entry = {
        "submodule": f"160000 commit {repository.refs()['refs/heads/main']}\tsub\n",
        "group-writable file": f"100664 blob {blob}\todd\n",
        "empty folder": f"040000 tree {repository.git('mktree', stdin=b'').strip()}\todd\n",
    }[kind]
    return repository.git("mktree", stdin=f"100644 blob {blob}\tKptfile\n{entry}".encode()).strip()


def committed(repository: Repository, package_tree: str) -> str:
    """A commit on top of main that has a tree as package `p`."""
    root = repository.git("mktree", stdin=f"040000 tree {package_tree}\tp\n".encode()).strip()
    who = ("-c", "user.name=them", "-c", "user.email=them@example.com")
    return repository.git(*who, "commit-tree", root, "-p", "refs/heads/main", "-m", "odd").strip()


def publication_of(id_: RevisionId, content: Content, expected: Version) -> Publish:
    """The publication of content that was found."""
    return Publish(id_, content, INIT, AUTHOR, expected)
