"""The recorded life cycle, lived again by our adapter: the same history, ids and times apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
from porch.storage.adapter import (
    Identity,
    ProposeDeletion,
    Publish,
    PutDraft,
    RepositoryAdapter,
    RevisionId,
    StoredRevision,
    Task,
)
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import stored

pytestmark = pytest.mark.process

BUNDLE = Path(__file__).parents[2] / "golden" / "git" / "predecessor.bundle"
THEIRS = "refs/recorded/heads/main"
AUTHOR = Identity("admin", "admin")


@dataclass(frozen=True, slots=True)
class Commit:
    """What two histories have in common when they tell the same."""

    subject: str
    annotation: Mapping[str, Any]  # Any: JSON of any shape
    parents: tuple[str, ...]  # by their names
    tree: str

    @property
    def name(self) -> str:
        """What tells it from the others of its history."""
        return f"{self.subject}, {self.annotation.get('package')}: {self.tree}"


@pytest.fixture
def git_repository(git_repository: Repository) -> Repository:
    """The repository as it was before the recording, with the recording beside it."""
    git_repository.git("fetch", "--quiet", "--no-tags", str(BUNDLE), "+refs/*:refs/recorded/*")
    first = git_repository.git("rev-list", "--max-parents=0", THEIRS).strip()
    git_repository.git("update-ref", "refs/heads/main", first)
    return git_repository


def history(repository: Repository, ref: str) -> list[Commit]:
    """In order of time. A commit of a draft that changes nothing tells nothing: it is left out."""
    log = repository.git("log", "--reverse", "--date-order", "--format=%H %T %P", ref)
    told: dict[str, Commit] = {}  # by id; of what is left out, the one before
    found: list[Commit] = []
    for line in log.splitlines():
        oid, tree, *parents = line.split()
        before = [told[each] for each in parents]
        if len(before) == 1 and before[0].tree == tree:
            told[oid] = before[0]
            continue
        subject, _, rest = repository.git("log", "-1", "--format=%B", oid).partition("\n")
        line = next((each for each in rest.splitlines() if each.startswith("kpt:")), "kpt:{}")
        annotation = json.loads(line.removeprefix("kpt:"))
        names = tuple(each.name for each in before)
        told[oid] = Commit(subject, annotation, names, tree)
        found.append(told[oid])
    return found


def package(repository: Repository, tree: str, path: str) -> Content:
    """The files of a package in a recorded tree."""
    names = repository.git("ls-tree", "-r", "--name-only", f"{tree}:{path}").splitlines()
    return Content.from_texts({name: repository.read(tree, f"{path}/{name}") for name in names})


async def live(repository: RepositoryAdapter, server: Repository, commit: Commit) -> None:
    """Do what a recorded commit did; a proposal comes before its approval."""
    note = commit.annotation
    id_ = RevisionId(note["package"], note["workspaceName"])
    content = package(server, commit.tree, id_.package)
    before = (await repository.observe()).revisions.get(id_)
    if "task" not in note:
        assert before is not None
        task = Task("init", {"description": "not recorded again"})
        proposal = stored(await repository.apply(_proposal(before, content)))
        await repository.apply(Publish(id_, content, task, AUTHOR, proposal.version))
        return
    type_ = note["task"]["type"]
    task = Task(type_, note["task"].get(type_, {}))
    expected = before.version if before is not None else None
    await repository.apply(PutDraft(id_, Lifecycle.DRAFT, content, task, AUTHOR, expected))


def _proposal(before: StoredRevision, content: Content) -> PutDraft:
    render = Task("render")
    return PutDraft(before.id, Lifecycle.PROPOSED, content, render, AUTHOR, before.version)


def by_name(commit: Commit) -> str:
    """Commits of one second have no order."""
    return commit.name


async def test_the_same_life_leaves_the_same_history(
    opened: Opener, git_repository: Repository
) -> None:
    """Subjects, annotations, parents and trees: either system goes on where the other stopped."""
    recorded = history(git_repository, THEIRS)
    repository = await opened()
    for commit in recorded[1:]:  # the first one is where the repository began
        await live(repository, git_repository, commit)
    await repository.apply(ProposeDeletion(RevisionId("demo", "v1")))

    lived = history(git_repository, "refs/heads/main")

    assert sorted(lived, key=by_name) == sorted(recorded, key=by_name)
    ours = {ref for ref in git_repository.refs() if not ref.startswith("refs/recorded/")}
    theirs = git_repository.git("for-each-ref", "--format=%(refname)", "refs/recorded").split()
    assert ours == {each.replace("refs/recorded/", "refs/", 1) for each in theirs}
