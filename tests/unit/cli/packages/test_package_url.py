"""Addresses of packages."""

import pytest

from porch.cli.errors import BadArguments
from porch.cli.packages.packageurl import Place, parse_package_url


@pytest.mark.parametrize(
    ("text", "place", "ref", "name"),
    [
        ("https://h/o/r.git/a/b@v1", Place("https://h/o/r.git", "a/b"), "v1", "b"),
        ("https://h/o/r.git/a", Place("https://h/o/r.git", "a"), "", "a"),
        ("https://h/o/r.git@v1", Place("https://h/o/r.git", ""), "v1", "r"),
        ("https://h/o/r.git", Place("https://h/o/r.git", ""), "", "r"),
        ("https://h/o/r.git/a@release/1.0", Place("https://h/o/r.git", "a"), "release/1.0", "a"),
        ("https://u:p@h/o/r.git/a@v1", Place("https://u:p@h/o/r.git", "a"), "v1", "a"),
        ("https://h/x.github.io/r.git/a", Place("https://h/x.github.io/r.git", "a"), "", "a"),
        ("git@h:o/r.git/a@v1", Place("git@h:o/r.git", "a"), "v1", "a"),
        ("alias:o/r.git/a@v1", Place("alias:o/r.git", "a"), "v1", "a"),
        ("ssh://git@h:22/o/r.git/a@v1", Place("ssh://git@h:22/o/r.git", "a"), "v1", "a"),
        ("file:///srv/r/.git@v1", Place("file:///srv/r/.git", ""), "v1", "r"),
        ("file:///srv/r.git/a@v1", Place("file:///srv/r.git", "a"), "v1", "a"),
        ("/srv/r.git/a@v1", Place("/srv/r.git", "a"), "v1", "a"),
        ("../r.git/a@v1", Place("../r.git", "a"), "v1", "a"),
    ],
)
def test_git_ends_the_part_of_the_repository(text: str, place: Place, ref: str, name: str) -> None:
    """What follows is the directory, and behind `@` the reference."""
    url = parse_package_url(text)

    assert (url.places, url.ref, url.name) == ((place,), ref, name)


@pytest.mark.parametrize(
    ("text", "places", "name"),
    [
        ("https://h/o/r@v1", [("https://h/o", "r"), ("https://h/o/r", "")], "r"),
        ("git@h:o/r@v1", [("git@h:o", "r"), ("git@h:o/r", "")], "r"),
        ("/srv/r@v1", [("/srv", "r"), ("/srv/r", "")], "r"),
        ("../r/./a@v1", [("..", "r/a"), ("../r", "a"), ("../r/a", "")], "a"),
        ("blueprints/web@v1", [("blueprints", "web"), ("blueprints/web", "")], "web"),
    ],
)
def test_without_it_any_part_may_be_the_repository(
    text: str, places: list[tuple[str, str]], name: str
) -> None:
    """The server, or the disk, will tell."""
    url = parse_package_url(text)

    assert [(each.repo, each.directory) for each in url.places] == places
    assert url.name == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("github.com/o/r/a@v1", "write https://github.com/o/r/a@v1"),
        ("https://h/o/r.git/a@", "must name a tag, branch or commit after its `@`"),
        ("https://h/o/r.git/../x@v1", "without `..`"),
        ("https://h/o/r.git/a?x=1", "query"),
        ("https://h", "must name a repository"),
    ],
)
def test_other_words_are_refused_with_what_to_write(text: str, says: str) -> None:
    """One form, told with an example."""
    with pytest.raises(BadArguments) as refused:
        parse_package_url(text)

    assert says in str(refused.value)


def test_repositories_of_this_machine_are_known_as_such() -> None:
    """A package of another machine must not make us read them."""
    assert parse_package_url("file:///srv/r.git").is_local
    assert parse_package_url("./r").is_local
    assert not parse_package_url("git@h:o/r.git").is_local
    assert not parse_package_url("alias:r.git").is_local
