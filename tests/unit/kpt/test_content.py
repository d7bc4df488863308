"""Content is path to file, with the ids that git would give it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.kpt.content import (
    MAX_PATH,
    BadPath,
    BlobId,
    Content,
    File,
    FileMode,
    check_path,
    combine,
    tree_id,
)

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git hash-object -t tree /dev/null
NAMES = st.text(st.sampled_from("ab.-_0é"), min_size=1, max_size=4).filter(
    lambda name: name not in (".", "..")
)
MODES = st.sampled_from(list(FileMode))


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Content of a few files in a few folders, of all modes, text and binary."""
    files: dict[str, File] = {}
    for parts in draw(st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=6)):
        path = "/".join(parts)
        if not any(each.startswith(path + "/") or path.startswith(each + "/") for each in files):
            files[path] = File.of(draw(st.binary(max_size=8)), draw(MODES))
    return Content(files)


def tree_by_hand(content: Content) -> str:
    """The tree id by the format's definition, one folder at a time."""

    def tree(prefix: str) -> str:
        names = {path[len(prefix) :].split("/")[0] for path in content if path.startswith(prefix)}
        entries = []
        for name in names:
            file = content.get(prefix + name)
            mode = file.mode if file else "40000"
            oid = file.blob if file else tree(prefix + name + "/")
            order = name.encode() + (b"" if file else b"/")
            entries.append((order, f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid)))
        body = b"".join(entry for _, entry in sorted(entries))
        return hashlib.sha1(b"tree %d\0" % len(body) + body).hexdigest()  # noqa: S324 - git's id

    return tree("")


def test_the_digest_of_nothing_is_gits_empty_tree() -> None:
    assert Content({}).digest == f"tree:{EMPTY_TREE}"


def test_the_blob_of_a_file_is_gits() -> None:
    """`printf hello | git hash-object --stdin`."""
    assert File.of(b"hello").blob == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"


@given(contents())
def test_the_digest_is_the_id_of_gits_tree(content: Content) -> None:
    """Folders sort as if their names ended in a slash."""
    assert content.digest == f"tree:{tree_by_hand(content)}"


@given(contents())
def test_equal_digests_are_equal_contents_and_nothing_else_is(content: Content) -> None:
    files = dict(content)
    assert Content(files) == content

    files["zz"] = File.of(b"")
    assert Content(files) != content


def test_the_mode_is_part_of_the_digest() -> None:
    plain, executable = File.of(b"x"), File.of(b"x", FileMode.EXECUTABLE)

    assert tree_id({"run": plain}) != tree_id({"run": executable})


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/./b",
        ".git",
        "a/.git/config",
        ".GIT/hooks",
        "a\\b",
        "a\nb",
        "a\0b",
        "a" * (MAX_PATH + 1),
    ],
)
def test_a_path_that_could_leave_the_package_or_git_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        check_path(path)
    with pytest.raises(BadPath):
        Content({path: File.of(b"")})


@pytest.mark.parametrize("path", ["a", "a/b", ".gitignore", "..a", "a..b/c", ".github/x", "é/ü"])
def test_a_path_with_dots_of_its_own_is_allowed(path: str) -> None:
    assert path in Content.from_texts({path: ""})


@pytest.mark.parametrize("deeper", ["a/b", "a/b/c"])
def test_a_file_is_never_a_folder_as_well(deeper: str) -> None:
    """Git cannot hold it."""
    with pytest.raises(BadPath, match="'a'"):
        Content.from_texts({deeper: "", "a": ""})


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (File.of(b"text"), "text"),
        (File.of(b""), ""),
        (File.of(b"text", FileMode.EXECUTABLE), "text"),
        (File.of(b"target", FileMode.SYMLINK), None),
        (File.of(b"\xff\xfe"), None),
        (File.of(b"a\0b"), None),
        (File(BlobId("0" * 40)), None),
    ],
    ids=["text", "empty", "executable", "symlink", "not UTF-8", "null byte", "unread"],
)
def test_only_utf8_text_is_shown(file: File, text: str | None) -> None:
    assert file.text == text


@given(contents())
def test_text_and_what_it_cannot_carry_make_the_whole_again(content: Content) -> None:
    """What resources show, and what their status lists as omitted."""
    assert combine(content.texts, content.carried) == content


@given(contents())
def test_what_is_carried_needs_no_bytes(content: Content) -> None:
    """Resources list ids only; no executable, symlink or binary file is lost by an edit."""
    carried = {
        path: File(file.blob, file.mode)
        for path, file in content.carried.items()
        if file.text is None or path in content.texts
    }

    assert combine(content.texts, carried) == content


def test_an_edited_text_keeps_its_executable_bit() -> None:
    before = Content({"run.sh": File.of(b"old", FileMode.EXECUTABLE)})

    assert before.edited({"run.sh": "new"})["run.sh"] == File.of(b"new", FileMode.EXECUTABLE)


def test_a_text_that_is_left_out_is_gone_with_its_executable_bit() -> None:
    before = Content({"run.sh": File.of(b"old", FileMode.EXECUTABLE), "a": File.of(b"a")})

    assert set(before.edited({"a": "a"})) == {"a"}


def test_a_text_takes_the_place_of_a_binary_file_or_a_symlink() -> None:
    before = Content({"a": File.of(b"\xff"), "b": File.of(b"a", FileMode.SYMLINK)})

    assert before.edited({"a": "text", "b": "text"}).texts == {"a": "text", "b": "text"}


def test_an_edit_keeps_binary_files_and_symlinks() -> None:
    before = Content({"a": File.of(b"\xff"), "b": File.of(b"a", FileMode.SYMLINK)})

    assert set(before.edited({"c": "text"})) == {"a", "b", "c"}
