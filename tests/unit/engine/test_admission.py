"""Which new revisions are refused beside what their repository holds."""

import pytest

from porch.api.conditions import Reason
from porch.engine.admission import refusal
from porch.engine.seen import Halt
from porch.engine.sources import CloneGit, CloneRevision, CopyFrom, GitPlace, Init, Source
from porch.storage.adapter import RevisionId

HELD = [RevisionId("net/vpc", "v1"), RevisionId("web", "v1")]
STARTING = [Init(""), CloneRevision("base.v1"), CloneGit(GitPlace("https://x/y", "v1", ""))]


def refused(package: str, source: Source | None, workspace: str = "v2") -> Halt | None:
    new = RevisionId(package, workspace)
    return refusal("repo", new, source, branch="main", held=HELD)


@pytest.mark.parametrize("source", STARTING)
def test_a_source_that_starts_a_package_is_refused_where_there_is_one(source: Source) -> None:
    """A package has one beginning; the way to a further revision is told."""
    halt = refused("web", source)

    assert halt is not None
    assert (halt.reason, halt.stalled) == (Reason.ALREADY_EXISTS, True)
    assert "copyFrom" in halt.message


@pytest.mark.parametrize("source", [*STARTING, CopyFrom("repo.app.v0"), None])
def test_a_new_package_may_come_from_anywhere(source: Source | None) -> None:
    assert refused("app", source) is None


@pytest.mark.parametrize("source", [CopyFrom("repo.web.v1"), None])
def test_a_package_gets_further_revisions_by_copies_and_by_files(source: Source | None) -> None:
    assert refused("web", source) is None


@pytest.mark.parametrize("package", ["net", "net/vpc/inner"])
def test_packages_do_not_lie_inside_one_another(package: str) -> None:
    halt = refused(package, None)

    assert halt is not None
    assert "must not be nested" in halt.message


def test_the_name_of_the_branch_is_no_workspace() -> None:
    halt = refused("app", None, workspace="main")

    assert halt is not None
    assert halt.reason == Reason.NAME_INVALID
