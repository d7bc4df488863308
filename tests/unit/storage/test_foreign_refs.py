"""What the ref of a place in a repository stands for, among the refs that there are."""

import pytest

from porch.storage.git.foreign import Place, address_of, resolve
from porch.storage.upstream import UpstreamInvalid

ADDRESS = address_of("https://example.org/catalogue.git")
COMMIT = "c" * 40
REFS = {
    "refs/tags/net/vpc/v1": "scoped tag",
    "refs/heads/net/vpc/v1": "scoped branch",
    "refs/tags/v1": "tag",
    "refs/heads/v1": "branch",
    "refs/heads/main": "main",
}


@pytest.mark.parametrize("found", REFS.values())
def test_the_more_special_ref_counts(found: str) -> None:
    """A tag of the package before one of the repository, a tag before a branch."""
    left = dict(list(REFS.items())[list(REFS.values()).index(found) :])
    ref = "main" if found == "main" else "v1"

    assert resolve(left, Place(ADDRESS, ref, "net/vpc")) == found


@pytest.mark.parametrize("ref", ["main", "refs/heads/main"])
def test_a_ref_may_be_given_in_full(ref: str) -> None:
    assert resolve(REFS, Place(ADDRESS, ref, "")) == "main"


def test_a_commit_needs_no_ref() -> None:
    assert resolve({}, Place(ADDRESS, COMMIT, "net/vpc")) == COMMIT


@pytest.mark.parametrize("ref", ["v2", COMMIT[:7], "", "HEAD~1"])
def test_what_is_neither_is_not_there(ref: str) -> None:
    assert resolve(REFS, Place(ADDRESS, ref, "net/vpc")) is None


@pytest.mark.parametrize("url", ["/etc", "file:///etc", "ext::sh -c id", "ftp://example.org/x"])
def test_only_remote_repositories_are_gone_to(url: str) -> None:
    """A path would let whoever clones read the files of the operator."""
    with pytest.raises(UpstreamInvalid):
        address_of(url)
