"""What a reference means."""

import pytest

from porch.cli.packages.refs import RemoteRefs, Resolved, resolve, suggestions

LISTING = """\
ref: refs/heads/main\tHEAD
1\tHEAD
1\trefs/heads/main
2\trefs/heads/v1
3\trefs/heads/a/b/v4
4\trefs/tags/v1
4\trefs/tags/v2
5\trefs/tags/a/v1
6\trefs/tags/a/b/v1
6\trefs/tags/a/b/v10
6\trefs/tags/a/b/v9
7\trefs/tags/a/b/v1^{}
8\trefs/pull/1/head
"""
KNOWN = RemoteRefs.of(LISTING)


@pytest.mark.parametrize(
    ("directory", "ref", "found"),
    [
        ("a/b", "v1", Resolved("v1", "6")),
        ("a/c", "v1", Resolved("v1", "5")),
        ("c", "v1", Resolved("v1", "4")),
        ("", "v1", Resolved("v1", "4")),
        ("a/b", "v2", Resolved("v2", "4")),
        ("a/b", "a/b/v1", Resolved("a/b/v1", "6")),
        ("a/b", "main", Resolved("main", "1")),
        ("a/b", "", Resolved("main", "1")),
        ("a/b", "refs/heads/v1", Resolved("refs/heads/v1", "2")),
        ("a/b", "0123abc", Resolved("0123abc", "0123abc")),
        ("a/b", "v3", None),
        ("", "refs/pull/1/head", None),
    ],
)
def test_tags_of_the_package_come_first(directory: str, ref: str, found: Resolved | None) -> None:
    """Then those of its parents, then plain tags, branches, commits."""
    assert resolve(ref, directory, KNOWN) == found


def test_a_repository_without_a_default_branch_needs_a_reference() -> None:
    """An empty repository has none."""
    assert resolve("", "a", RemoteRefs.of("")) is None


def test_what_could_have_been_meant_is_told_newest_first() -> None:
    """Numbers in names count as numbers."""
    assert suggestions("v3", "a/b", KNOWN) == (
        "tags of the package: v10, v9, v1; tags: v2, v1; branches: v1, main, a/b/v4"
    )


def test_a_tag_of_another_package_is_a_hint() -> None:
    """Mostly the directory is misspelt then."""
    assert "'v9' is a tag of the packages a/b" in suggestions("v9", "a/bb", KNOWN)
