"""Trees and commits: what is written is what the digest says, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from porch.kpt.content import BadPath, Content, File, FileMode
from porch.storage.adapter import Identity
from porch.storage.git.objects import Damaged, FileInTheWay, Objects, open_bare

AUTHOR = Identity("admin", "admin@example.com")

segments = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="/\\", exclude_categories=["C"]),
    min_size=1,
    max_size=8,
) | st.sampled_from(
    [".gitignore", ".git", ".GIT", ".git. ", "git~1", "git~2", "..", "...", ".gitx"]
)
files = st.builds(File.of, st.binary(max_size=30), st.sampled_from(FileMode))


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Any content that the rules of paths allow."""
    paths = st.lists(segments, min_size=1, max_size=3).map("/".join)
    found = draw(st.dictionaries(paths, files, max_size=8))
    try:
        return Content(found)
    except BadPath:
        return Content({"Kptfile": File.of(b"k")})


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """An empty repository."""
    return Objects(open_bare(tmp_path / "x.git"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=contents())
def test_the_digest_is_the_tree_that_git_makes(objects: Objects, content: Content) -> None:
    """It is computed without a repository and compared with one all the time."""
    assert content.digest == f"tree:{objects.write_content(content)}"
    assert dict(objects.content(content.digest)) == dict(content)


def test_only_the_package_changes_when_it_is_replaced(objects: Objects) -> None:
    """Other packages on the branch are other people's."""
    before = Content.from_texts({"README": "r", "a/x": "1", "net/vpc/Kptfile": "k", "net/z": "z"})
    package = Content.from_texts({"Kptfile": "new", "sub/y": "y"})

    tree = objects.replaced(as_tree(objects, before), "net/vpc", objects.write_content(package))

    after = Content.from_texts(
        {"README": "r", "a/x": "1", "net/vpc/Kptfile": "new", "net/vpc/sub/y": "y", "net/z": "z"}
    )
    assert f"tree:{tree}" == after.digest


def test_directories_that_become_empty_go(objects: Objects) -> None:
    """Git itself never makes an empty tree."""
    before = Content.from_texts({"README": "r", "net/deep/vpc/Kptfile": "k"})

    tree = objects.replaced(as_tree(objects, before), "net/deep/vpc", None)

    assert f"tree:{tree}" == Content.from_texts({"README": "r"}).digest


@pytest.mark.parametrize("path", ["net", "net/vpc", "net/vpc/deep"])
def test_a_file_in_the_way_of_a_package_stays(objects: Objects, path: str) -> None:
    """It is somebody's, on a branch that everybody uses; a package in its place would delete it."""
    before = Content.from_texts({"net": "a file"})
    package = objects.write_content(Content.from_texts({"Kptfile": "k"}))

    with pytest.raises(FileInTheWay, match="'net' must be a folder"):
        objects.replaced(as_tree(objects, before), path, package)


def test_a_pack_brings_what_the_parents_lack(objects: Objects) -> None:
    """A push of one changed file must not bring the repository."""
    texts = {f"other/{number}": str(number) for number in range(50)}
    first = commit(objects, Content.from_texts(texts | {"a/Kptfile": "1"}))
    second = commit(objects, Content.from_texts(texts | {"a/Kptfile": "2"}), first)

    count = int.from_bytes(objects.pack([second])[8:12], "big")

    assert count == len(["commit", "root tree", "tree of a", "blob"])


def test_authors_that_git_cannot_write_are_written_as_far_as_possible(objects: Objects) -> None:
    """A name with an angle bracket must not end a publication."""
    odd = Identity("a <b>\nc", "")
    made = objects.commit(commit(objects, Content.from_texts({"x": "y"}), author=odd))

    assert (made.author.name, made.author.email) == ("a bc", "a bc")
    assert made.committer.email == "porch@kpt.dev"


def test_what_is_not_here_is_said(objects: Objects) -> None:
    """Not a `None` that surfaces elsewhere."""
    with pytest.raises(Damaged, match="missing"):
        objects.commit("12" * 20)
    with pytest.raises(Damaged, match="must be a commit"):
        objects.commit(str(objects.write_content(Content.from_texts({"x": "y"}))))
    with pytest.raises(Damaged, match="missing"):
        objects.write_content(Content({"x": File(File.of(b"elsewhere").blob)}))


def as_tree(objects: Objects, content: Content) -> pygit2.Tree:
    """A content as the tree of a commit."""
    return objects.commit(commit(objects, content)).tree


def commit(objects: Objects, content: Content, *parents: str, author: Identity = AUTHOR) -> str:
    """A commit of a whole tree."""
    return objects.create_commit(objects.write_content(content), parents, "m", author)
