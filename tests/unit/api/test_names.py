"""Names of revisions and packages."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from porch.api.names import (
    FOREIGN_WORKSPACE,
    LABEL,
    MAX_NAME,
    NameInvalid,
    RevisionParts,
    check_new_revision,
    package_name,
    parse_revision,
    revision_name,
)

labels = st.from_regex(re.compile(LABEL, re.ASCII), fullmatch=True).filter(
    lambda text: len(text) < 40
)
packages = st.lists(labels, min_size=1, max_size=4).map("/".join)
versions = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(
    lambda numbers: "v" + ".".join(map(str, numbers))
)
parts = st.builds(
    RevisionParts, repository=labels, package=packages, workspace=st.one_of(labels, versions)
)


@pytest.mark.parametrize(
    ("repository", "package", "workspace", "name"),
    [
        ("git", "basens", "v1", "git.basens.v1"),
        ("git", "a/b/c", "ws-1", "git.a.b.c.ws-1"),
        ("git", "basens", "main", "git.basens.main"),
        ("git", "basens", "v2.0.0", "git.basens.v2.0.0"),
        ("blueprints", "infra/net/vpc", "v2", "blueprints.infra.net.vpc.v2"),
        ("r", "a/v1", "v1", "r.a.v1.v1"),
    ],
)
def test_a_name_says_repository_package_and_workspace(
    repository: str, package: str, workspace: str, name: str
) -> None:
    """The names of the existing system, so that a repository can be moved here and back."""
    identity = RevisionParts(repository, package, workspace)

    assert revision_name(identity) == name
    assert parse_revision(name) == identity


@given(parts)
def test_parsing_inverts_composing_unless_the_name_reads_as_a_version(
    identity: RevisionParts,
) -> None:
    """A package `v1` with the workspace `2` reads as the version v1.2: identity is in the spec."""
    composed = f".{identity.package.replace('/', '.')}.{identity.workspace}"
    assume(len(composed) < 200)
    version = re.search(r"\.(v[0-9.]*[0-9])$", composed)
    assume(not version or composed[composed.rindex(".v") + 1 :] == identity.workspace)

    assert parse_revision(revision_name(identity)) == identity


@given(
    st.one_of(st.text(alphabet="ab1v.-/A", max_size=30), st.lists(labels, max_size=6).map(".".join))
)
@example("1.1/1.1")
def test_composing_inverts_parsing_always(name: str) -> None:
    """Two different names never mean the same revision, and bad ones raise only NameInvalid."""
    try:
        identity = parse_revision(name)
    except NameInvalid:
        return

    assert revision_name(identity) == name


@pytest.mark.parametrize(
    "package", ["", "/a", "a/", "a//b", "A", "a.b", "a_b", "-a", "a-", "a/-b", "a" * 64, "ä"]
)
def test_a_package_is_a_path_of_labels(package: str) -> None:
    """Anything else could be read back as another package."""
    with pytest.raises(NameInvalid, match=r"`spec\.packageName` must be one or more names"):
        revision_name(RevisionParts("repo", package, "v1"))


@pytest.mark.parametrize("repository", ["", "a.b", "A", "a" * 64])
def test_a_repository_is_one_label(repository: str) -> None:
    """The first segment of a name is the repository."""
    with pytest.raises(NameInvalid, match=r"`spec\.repository` must be"):
        package_name(repository, "app")


@pytest.mark.parametrize("workspace", ["", "a/b", "A", "a..b", ".a", "a.", "release/1"])
def test_what_cannot_be_a_workspace_even_when_git_has_it(workspace: str) -> None:
    """A branch `release/1` cannot name a placeholder; discovery skips it with a warning."""
    with pytest.raises(NameInvalid, match=r"`spec\.workspaceName` must be"):
        revision_name(RevisionParts("repo", "app", workspace))


def test_a_client_must_not_make_a_workspace_with_dots() -> None:
    """Only versions found in git have them: `app` with `a.b` would be named as `app/a` with `b`."""
    with pytest.raises(NameInvalid, match=r"`spec\.workspaceName` must be .* found 'a\.b'"):
        check_new_revision(RevisionParts("repo", "app", "a.b"), branch="main")


def test_a_client_must_not_take_the_branch_as_workspace() -> None:
    """The placeholder of the branch has that name already."""
    with pytest.raises(NameInvalid, match=r"must differ from the branch .* found 'main'"):
        check_new_revision(RevisionParts("repo", "app", "main"), branch="main")


def test_a_name_fits_into_253_characters() -> None:
    """The API server takes no more; the message names the way out."""
    longest = "/".join(["a" * 60] * 4)
    fitting = RevisionParts("repo", longest, "v123")

    assert len(revision_name(fitting)) == MAX_NAME
    with pytest.raises(NameInvalid, match="at most 253 characters, found 254: shorten"):
        revision_name(RevisionParts("repo", longest, "v1234"))


def test_all_problems_are_told_at_once() -> None:
    """Nobody wants to fix three parts in three attempts."""
    with pytest.raises(NameInvalid) as caught:
        revision_name(RevisionParts("A", "B", "C"))

    assert len(caught.value.problems) == 3


def test_the_name_of_a_package_has_no_workspace() -> None:
    """Packages and revisions are different kinds, so the names cannot clash."""
    assert package_name("git", "a/b") == "git.a.b"


@pytest.mark.parametrize("name", ["", "a", "a.b", "git..v1", ".a.b", "a.b.", "Git.a.v1", "x.v1.2"])
def test_names_that_are_no_names_of_revisions(name: str) -> None:
    """The message repeats what was found and what a name must be."""
    with pytest.raises(NameInvalid, match=r"must be <repository>\.<package>\.<workspace>, found"):
        parse_revision(name)


def test_versions_are_foreign_workspaces() -> None:
    """A tag v1.2.0-rc.1 is shown, though its name alone does not say where it splits."""
    assert re.fullmatch(FOREIGN_WORKSPACE, "v1.2.0-rc.1")
