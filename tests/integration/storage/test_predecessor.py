"""A repository that the predecessor wrote is read as it was listed there, and goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from porch.storage.adapter import RevisionId, Task
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import published

pytestmark = pytest.mark.process

GOLDEN = Path(__file__).parents[2] / "golden" / "git"


@pytest.fixture
def git_repository(git_repository: Repository) -> Repository:
    """The recorded repository, on our server."""
    bundle = str(GOLDEN / "predecessor.bundle")
    git_repository.git("fetch", "--quiet", bundle, "+refs/*:refs/*", "--update-head-ok")
    return git_repository


def recorded() -> set[tuple[str, str, int, str]]:
    """Package, workspace, number and lifecycle as the predecessor printed them."""
    rows = (line.split() for line in (GOLDEN / "listing.txt").read_text().splitlines()[1:])
    return {(row[1], row[2], int(row[3]), row[5]) for row in rows}


async def test_golden_listing_names_the_same_revisions(opened: Opener) -> None:
    """With the same lifecycles and numbers, and no complaint."""
    snapshot = await (await opened()).observe()

    assert {
        (each.id.package, each.id.workspace, each.revision, str(each.lifecycle))
        for each in snapshot.revisions.values()
    } == recorded()
    assert snapshot.warnings == ()


async def test_golden_history_tells_how_revisions_began_and_who_published(opened: Opener) -> None:
    """Tasks are recovered from commits; time and person are those of the tagged commit."""
    revisions = (await (await opened()).observe()).revisions

    first = revisions[RevisionId("demo", "v1")]
    assert first.task == Task(
        "init",
        {"description": "demo package", "keywords": ["a", "b"], "site": "https://example.org"},
    )
    assert revisions[RevisionId("demo", "v2")].task == Task(
        "edit", {"sourceRef": {"name": "demo-cr.demo.v1"}}
    )
    assert revisions[RevisionId("demo-clone", "v1")].task == Task(
        "clone", {"upstreamRef": {"upstreamRef": {"name": "demo-cr.demo.v1"}}}
    )
    assert first.published_by == "admin"
    assert first.published_at == datetime(2026, 11, 22, 15, 4, 26, tzinfo=UTC)


async def test_golden_content_is_that_of_the_tag(
    opened: Opener, git_repository: Repository
) -> None:
    """Every file, byte for byte."""
    repository = await opened()
    revision = (await repository.observe()).revisions[RevisionId("demo-clone", "v1")]
    content = await repository.read(revision)

    assert dict(content.texts) == {
        path: git_repository.read("demo-clone/v1", f"demo-clone/{path}")
        for path in ("Kptfile", "README.md", "cm.yaml", "package-context.yaml")
    }


async def test_our_publication_looks_like_theirs(
    opened: Opener, git_repository: Repository
) -> None:
    """Parents, committer and message of a merge commit are what the other side's readers expect."""
    before = git_repository.refs()["refs/heads/main"]
    await published(await opened(), RevisionId("demo-clone", "v2"))

    theirs, ours = (shape(git_repository, f"demo-clone/v{number}") for number in (1, 2))
    as_second = theirs.replace("demo-clone/1", "demo-clone/2").replace('"v1"', '"v2"')
    assert ours == as_second.replace('"revision":"1"', '"revision":"2"')
    assert git_repository.git("rev-parse", "demo-clone/v2^1").strip() == before


def shape(repository: Repository, tag: str) -> str:
    """What publications have in common: kind of object, number of parents, committer, message."""
    lines = repository.git("cat-file", "commit", tag).splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("tree", "author"))]
    shown = [repository.git("cat-file", "-t", f"refs/tags/{tag}")]
    for line in kept:
        word = line.partition(" ")[0]
        shown.append({"parent": "parent", "committer": line.partition(">")[0]}.get(word, line))
    return "".join(shown)


def test_the_recording_is_served_as_it_was_made(
    git_server: GitServer, git_repository: Repository
) -> None:
    """The fixture itself: five refs, the registered branch among them."""
    assert git_server.url_of(git_repository).endswith(".git")
    assert sorted(git_repository.refs()) == [
        "refs/heads/deletionProposed/demo/v1",
        "refs/heads/main",
        "refs/tags/demo-clone/v1",
        "refs/tags/demo/v1",
        "refs/tags/demo/v2",
    ]
