"""How repositories of other hands are read: old formats, foreign tags, and whatever is broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import RevisionId, Snapshot
from porch.storage.git.layout import Layout
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import published

pytestmark = pytest.mark.process

KPTFILE = "kind: Kptfile\n"

Row = tuple[str, int, str]  # package, number, workspace


def rows(snapshot: Snapshot) -> set[Row]:
    """What is listed."""
    found = snapshot.revisions.values()
    return {(each.id.package, each.revision, each.id.workspace) for each in found}


def tasks(snapshot: Snapshot) -> dict[Row, str]:
    """How revisions began, of those that say so."""
    return {
        (id_.package, each.revision, id_.workspace): each.task.type
        for id_, each in snapshot.revisions.items()
        if each.task is not None
    }


def packages(*paths: str) -> Mapping[str, str]:
    """Files that make directories packages."""
    return {f"{path}/Kptfile": KPTFILE for path in paths}


def tag(server: Repository, *names: str, at: str = "main") -> None:
    """Lightweight tags."""
    for name in names:
        server.git("update-ref", f"refs/tags/{name}", server.git("rev-parse", at).strip())


def branch(server: Repository, name: str, *messages: str, package: str, text: str = "") -> str:
    """A branch from main with a commit of a package for each message."""
    server.git("update-ref", f"refs/heads/{name}", "refs/heads/main")
    tip = ""
    for number, message in enumerate(messages or ("a change",)):
        files = {**packages(package), f"{package}/n": f"{text}{number}"}
        tip = server.commit(files, branch=name, message=message)
    return tip


def line(package: str, **fields: object) -> str:
    """An annotation line, as somebody else may write it."""
    return "kpt:" + json.dumps({"package": package, **fields})


async def test_an_empty_commit_holds_nothing(repository: GitRepository) -> None:
    """And nothing is wrong with it."""
    snapshot = await repository.observe()

    assert snapshot.revisions == {}
    assert snapshot.warnings == ()


async def test_tags_and_packages_of_people_are_revisions(
    opened: Opener, git_repository: Repository
) -> None:
    """No line in any commit: the workspace is that of the tag."""
    git_repository.commit(packages("basens", "empty", "istions"))
    tag(git_repository, "basens/v1", "basens/v2", "empty/v1", "istions/v1", "istions/v2")
    snapshot = await (await opened()).observe()

    numbered = {("basens", 1), ("basens", 2), ("empty", 1), ("istions", 1), ("istions", 2)}
    assert rows(snapshot) == {(name, number, f"v{number}") for name, number in numbered} | {
        (name, -1, "main") for name in ("basens", "empty", "istions")
    }
    assert tasks(snapshot) == {}


async def test_a_directory_shows_its_packages_only(
    opened: Opener, git_repository: Repository
) -> None:
    """By whole parts of the path; names are relative to it."""
    git_repository.commit(packages("catalog/gcp/bucket", "catalog/gcp-x/other", "sample"))
    tag(git_repository, "catalog/gcp/bucket/v1", "catalog/gcp-x/other/v1", "sample/v1")
    branch(git_repository, "drafts/catalog/gcp/spanner/v1", package="catalog/gcp/spanner")
    branch(git_repository, "proposed/catalog/gcp-x/no/v1", package="catalog/gcp-x/no")
    snapshot = await (await opened(Layout("main", "catalog/gcp"))).observe()

    assert rows(snapshot) == {
        ("bucket", 1, "v1"),
        ("bucket", -1, "main"),
        ("spanner", 0, "v1"),
    }
    assert snapshot.warnings == ()


async def test_a_directory_that_is_not_there_is_empty(
    opened: Opener, git_repository: Repository
) -> None:
    """The first publication makes it; until then people may have mistyped it, so it is told."""
    git_repository.commit(packages("a"))
    snapshot = await (await opened(Layout("main", "nonexistent"))).observe()

    assert snapshot.revisions == {}
    assert [each.where for each in snapshot.warnings] == ["nonexistent"]


async def test_packages_inside_packages_are_content(
    repository: GitRepository, git_repository: Repository
) -> None:
    """And a Kptfile that is a directory makes none."""
    git_repository.commit({**packages("a", "a/b"), "c/Kptfile/x": "x", **packages("c/d")})

    assert rows(await repository.observe()) == {("a", -1, "main"), ("c/d", -1, "main")}


async def test_drafts_with_the_oldest_lines_begin_with_their_first_task(
    opened: Opener, git_repository: Repository
) -> None:
    """The revision stood for the workspace, and each step was a commit."""
    steps = ("init", "eval", "patch", "eval")
    messages = [
        f"Intermediate commit: {step}\n{line('p', revision='v1', task={'type': step, step: {}})}\n"
        for step in steps
    ]
    branch(git_repository, "drafts/p/v1", *messages, package="p")

    assert tasks(await (await opened()).observe()) == {("p", 0, "v1"): "init"}


async def test_linear_approvals_say_who_published(
    opened: Opener, git_repository: Repository
) -> None:
    """Also of placeholders: the last commit with a line of the package."""
    git_repository.commit(
        packages("p"), message=f"Create\n{line('p', workspaceName='w', task={'type': 'init'})}"
    )
    approval = line("p", workspaceName="w", revision="v1")
    git_repository.commit({"p/n": "1"}, message=f"Approve p/v1\n\n{approval}\n")
    tag(git_repository, "p/v1")
    git_repository.commit({"q/Kptfile": KPTFILE}, message="By hand")
    revisions = (await (await opened()).observe()).revisions

    then = datetime.fromtimestamp(1700000000, UTC)
    final, placeholder = revisions[RevisionId("p", "w")], revisions[RevisionId("p", "main")]
    assert (final.revision, final.published_by, final.published_at) == (
        1,
        "tests@example.com",
        then,
    )
    assert (placeholder.published_by, placeholder.published_at) == ("tests@example.com", then)
    assert revisions[RevisionId("q", "main")].published_at is None
    assert final.task is not None
    assert final.task.type == "init"


async def test_foreign_tags_have_no_number_and_annotated_ones_are_followed(
    opened: Opener, git_repository: Repository
) -> None:
    """What is no number is a workspace."""
    git_repository.commit(packages("p"))
    tag(git_repository, "p/v1.2.3", "p/v0", "p/7", "p/latest")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    git_repository.git(*identity, "tag", "--annotate", "-m", "by hand", "p/v2", "main")

    assert rows(await (await opened()).observe()) == {
        ("p", -1, "v1.2.3"),
        ("p", -1, "v0"),
        ("p", -1, "latest"),
        ("p", 7, "v7"),
        ("p", 2, "v2"),
        ("p", -1, "main"),
    }


async def test_the_next_number_is_above_every_tag_however_it_is_written(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Readable or not."""
    git_repository.commit(packages("p"))
    tag(git_repository, "p/v2", "p/9", "p/v1.5", "q/v40")

    assert (await published(repository, RevisionId("p", "new"))).revision == 10


async def test_release_tags_of_other_things_are_passed_over(
    repository: GitRepository, git_repository: Repository
) -> None:
    """A repository has more than packages; only what looks like a number is worth a word."""
    git_repository.commit(packages("p"))
    tag(git_repository, "v1.0", "chart/foo-1.2", "tools/v3")
    snapshot = await repository.observe()

    assert rows(snapshot) == {("p", -1, "main")}
    assert [each.where for each in snapshot.warnings] == ["tools/v3"]


async def test_lines_that_are_broken_or_of_other_packages_do_no_harm(
    opened: Opener, git_repository: Repository
) -> None:
    """As they are found in repositories with a past."""
    other = line("other", workspaceName="x", revision="v9", task={"type": "clone"})
    own = line("bp", workspaceName="w", revision="1")
    git_repository.commit(packages("bp"), message=f"m\nkpt:{{broken\nkpt:[]\n{other}\n{own}\n")
    tag(git_repository, "bp/v1")
    git_repository.commit({"bp/n": "2"}, message=f"m\nkpt:null\n{other}\n")
    tag(git_repository, "bp/v2")

    found = rows(await (await opened()).observe())
    assert found == {("bp", 1, "w"), ("bp", 2, "v2"), ("bp", -1, "main")}


async def test_what_is_broken_is_told_and_hides_nothing(
    opened: Opener, git_repository: Repository
) -> None:
    """One line of explanation each."""
    git_repository.commit(packages("good", "tagged"))
    tag(git_repository, "good/v1")
    blob = git_repository.git("rev-parse", "main:good/Kptfile").strip()
    git_repository.git("update-ref", "refs/tags/blob/v1", blob)
    git_repository.git("update-ref", "refs/heads/drafts/stray", "main")
    git_repository.git("update-ref", "refs/heads/drafts/none/v1", "main")
    branch(git_repository, "proposed/good/main", package="good")
    git_repository.git("update-ref", "refs/heads/deletionProposed/gone/v3", "main")
    snapshot = await (await opened()).observe()

    assert rows(snapshot) == {("good", 1, "v1"), ("good", -1, "main"), ("tagged", -1, "main")}
    assert {each.where: each.why for each in snapshot.warnings} == {
        "blob/v1": f"object {blob} must be a commit, found a blob",
        "drafts/stray": "a branch under drafts/ must be named drafts/<package>/<workspace>",
        "drafts/none/v1": "there must be a Kptfile in 'none' of its commit",
        "proposed/good/main": "workspace 'main' must not have the name of the registered branch",
    }


async def test_a_ref_whose_objects_are_gone_keeps_nothing_else_away(
    opened: Opener, git_repository: Repository
) -> None:
    """The server lists it and cannot send it; new revisions beside it appear all the same."""
    git_repository.commit(packages("good"))
    repository = await opened()
    await repository.observe()
    tip = branch(git_repository, "drafts/bad/v1", package="bad", text="lost")
    branch(git_repository, "drafts/good/v1", package="good")
    tree = git_repository.git("rev-parse", f"{tip}:bad").strip()
    lose(git_repository, tree)
    snapshot = await repository.observe()

    assert rows(snapshot) == {("good", 0, "v1"), ("good", -1, "main")}
    assert [each.where for each in snapshot.warnings] == ["drafts/bad/v1"]
    assert "missing" in snapshot.warnings[0].why


async def test_a_ref_that_breaks_is_no_proof_that_its_revision_is_gone(
    opened: Opener, git_repository: Repository
) -> None:
    """Whoever acts on absence would delete it."""
    branch(git_repository, "drafts/p/v1", package="p", text="a")
    repository = await opened()
    before = (await repository.observe()).revisions[RevisionId("p", "v1")]
    tip = git_repository.commit({"p/n": "lost"}, branch="drafts/p/v1")
    lose(git_repository, git_repository.git("rev-parse", f"{tip}:p").strip())

    assert (await repository.observe()).revisions[RevisionId("p", "v1")] == before


async def test_a_kptfile_at_the_root_hides_nothing(
    repository: GitRepository, git_repository: Repository
) -> None:
    """It would make the whole repository one package without a name."""
    git_repository.commit({"Kptfile": KPTFILE, **packages("p")})
    snapshot = await repository.observe()

    assert rows(snapshot) == {("p", -1, "main")}
    assert [each.where for each in snapshot.warnings] == ["/"]


async def test_of_tags_with_one_workspace_the_first_counts(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Two systems gave out the same name; what was published first stays what it was."""
    for number in (1, 2):
        message = f"m\n{line('p', workspaceName='w', revision=str(number))}"
        git_repository.commit({**packages("p"), "p/n": str(number)}, message=message)
        tag(git_repository, f"p/v{number}")
    snapshot = await repository.observe()

    assert snapshot.revisions[RevisionId("p", "w")].revision == 1
    assert [each.where for each in snapshot.warnings] == ["p/v2"]


async def test_a_rewritten_branch_is_followed(
    repository: GitRepository, git_repository: Repository
) -> None:
    """A force-push is somebody's right; tags keep what they hold."""
    first = git_repository.refs()["refs/heads/main"]
    await published(repository, RevisionId("p", "w"))
    await repository.observe()
    git_repository.git("update-ref", "refs/heads/main", first)
    git_repository.commit(packages("q"))

    assert rows(await repository.observe()) == {("p", 1, "w"), ("q", -1, "main")}
    assert (await published(repository, RevisionId("p", "x"))).revision == 2


async def test_a_placeholder_is_the_same_while_its_content_is(
    opened: Opener, git_repository: Repository
) -> None:
    """Publishing one package must not look like a change of all others, also after a restart."""
    repository = await opened()
    await published(repository, RevisionId("p", "w"))
    placeholder = RevisionId("p", "main")
    before = (await repository.observe()).revisions[placeholder]
    await published(repository, RevisionId("q", "w"))

    assert (await repository.observe()).revisions[placeholder] == before
    assert (await (await opened()).observe()).revisions[placeholder] == before


async def test_an_external_push_is_read_and_nothing_else(
    repository: GitRepository, git_repository: Repository, git_server: GitServer
) -> None:
    """One listing, one small fetch."""
    await published(repository, RevisionId("p", "w"))
    await repository.observe()
    git_server.served.clear()
    branch(git_repository, "drafts/q/v1", package="q")
    snapshot = await repository.observe()

    assert snapshot.revisions[RevisionId("q", "v1")].lifecycle is Lifecycle.DRAFT
    assert [each.service for each in git_server.served] == ["git-upload-pack"] * 2


async def test_an_unchanged_repository_costs_one_request(
    repository: GitRepository, git_server: GitServer
) -> None:
    """It is asked for often."""
    await repository.observe()
    git_server.served.clear()
    await repository.observe()

    assert [each.path.rpartition("/")[2] for each in git_server.served] == ["git-upload-pack"]


async def test_submodules_and_odd_files_are_no_obstacle(
    repository: GitRepository, git_repository: Repository
) -> None:
    """A submodule is not the package's content; text that is no UTF-8 is bytes."""
    git_repository.commit({**packages("p"), "p/latin": b"\xe9\n"})
    head = git_repository.refs()["refs/heads/main"]
    listing = git_repository.git("ls-tree", f"{head}:p") + f"160000 commit {head}\tsub\n"
    tree = git_repository.git("mktree", stdin=listing.encode()).strip()
    root = git_repository.git("mktree", stdin=f"040000 tree {tree}\tp\n".encode()).strip()
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    made = git_repository.git(*identity, "commit-tree", root, "-p", head, "-m", "m").strip()
    git_repository.git("update-ref", "refs/heads/main", made)
    revision = (await repository.observe()).revisions[RevisionId("p", "main")]
    content = await repository.read(revision)

    assert set(content) == {"Kptfile", "latin"}
    assert content["latin"].data == b"\xe9\n"
    assert content["latin"].text is None


def lose(server: Repository, oid: str) -> None:
    """Take an object away from the server's repository."""
    (server.path / "objects" / oid[:2] / oid[2:]).unlink()
