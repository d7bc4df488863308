"""Which ref holds what: the layout that is shared with the predecessor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.storage.git.layout import (
    Layout,
    PackageRef,
    RefKind,
    deletion_mark,
    deletion_ref,
    draft_ref,
    number_of,
    proposed_ref,
    short,
    tag_ref,
)

PKGS = Layout(branch="main", directory="pkgs")
ROOT = Layout(branch="main", directory="")

labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
paths = st.lists(labels, min_size=1, max_size=4).map("/".join)


def test_the_registered_directory_is_part_of_every_ref_and_not_of_the_package() -> None:
    """Other readers find packages from the root of the repository."""
    full = PKGS.full("a/b")

    assert draft_ref(full, "w1") == "refs/heads/drafts/pkgs/a/b/w1"
    assert proposed_ref(full, "w1") == "refs/heads/proposed/pkgs/a/b/w1"
    assert tag_ref(full, 2) == "refs/tags/pkgs/a/b/v2"
    assert deletion_ref(full, "v2") == "refs/heads/deletionProposed/pkgs/a/b/v2"


def test_a_deletion_is_marked_by_number_or_without_one_by_workspace() -> None:
    """Placeholders and foreign tags have no number."""
    assert deletion_mark("a", revision=3, last="w") == "refs/heads/deletionProposed/a/v3"
    assert deletion_mark("a", revision=-1, last="main") == "refs/heads/deletionProposed/a/main"


@pytest.mark.parametrize(
    ("last", "number"),
    [
        ("v3", 3),
        ("3", 3),
        ("+4", 4),
        ("v0", -1),
        ("v-1", -1),
        ("v1.2", -1),
        ("main", -1),
        ("vv1", -1),
        ("v", -1),
        ("v99999999999999999999", -1),
        ("v٣", -1),
    ],
)
def test_a_number_is_what_follows_one_v(last: str, number: int) -> None:
    """Everything else is a foreign tag, whose last part is its workspace."""
    assert number_of(last) == number


@given(directory=st.one_of(st.just(""), paths), package=paths, last=labels)
def test_what_the_layout_writes_it_reads_back(directory: str, package: str, last: str) -> None:
    """The only state is in the names of refs."""
    layout = Layout("main", directory)
    full = layout.full(package)

    assert layout.parse(draft_ref(full, last)) == PackageRef(RefKind.DRAFT, full, package, last)
    assert layout.parse(proposed_ref(full, last)) == PackageRef(
        RefKind.PROPOSED, full, package, last
    )
    assert layout.parse(tag_ref(full, 7)) == PackageRef(RefKind.TAG, full, package, "v7")


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main",
        "refs/heads/feature/drafts/a/b",
        "refs/heads/Drafts/pkgs/a/w",
        "refs/heads/drafts/other/a/w",
        "refs/heads/drafts/pkgsy/a/w",
        "refs/heads/drafts/pkgs/w",
        "refs/tags/v1.0",
        "refs/notes/pkgs/a/v1",
    ],
)
def test_other_refs_and_other_directories_are_nothing_of_ours(ref: str) -> None:
    """A repository is shared with people, and with other registrations of it."""
    assert PKGS.parse(ref) is None


@pytest.mark.parametrize("ref", ["refs/heads/drafts/foo", "refs/heads/proposed/foo"])
def test_a_reserved_branch_that_names_no_package_is_told(ref: str) -> None:
    """One stray branch must not take a repository out of service, nor go unnoticed."""
    assert "must be named" in ROOT.misfit(ref)
    assert ROOT.misfit("refs/heads/drafts/foo/v1") == ""
    assert ROOT.misfit("refs/heads/main") == ""


@pytest.mark.parametrize(
    ("package", "workspace"),
    [
        ("a", "main"),
        ("a", ""),
        ("", "w"),
        ("a", "b/c"),
        ("a..b", "w"),
        ("a b", "w"),
        ("a", "w.lock"),
        ("a/", "w"),
        ("a", "-w"),
        ("a:b", "w"),
        ("a/.b", "w"),
    ],
)
def test_names_that_git_cannot_hold_are_a_problem(package: str, workspace: str) -> None:
    """Refused before anything is made, with a reason."""
    assert ROOT.problem(package, workspace)


def test_ordinary_names_are_no_problem() -> None:
    """Foreign workspaces may look like versions."""
    assert ROOT.problem("net/vpc-1", "v1.2.3") == ""


def test_refs_are_shown_without_their_namespace() -> None:
    """As locks and people write them."""
    assert short("refs/tags/a/v1") == "a/v1"
    assert short("refs/heads/drafts/a/w") == "drafts/a/w"
