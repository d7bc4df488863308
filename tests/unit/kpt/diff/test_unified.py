"""A difference as text."""

from porch.kpt.content import Content, File, FileMode
from porch.kpt.diff.compare import compare
from porch.kpt.diff.unified import unified
from tests.unit.kpt.diff.contents import between


def test_a_change_is_shown_with_three_lines_around_it() -> None:
    """As git shows it."""
    before = "".join(f"{number}\n" for number in range(1, 10))
    text = unified(between({"a.txt": before}, {"a.txt": before.replace("5", "five")}))

    head, _, body = text.partition("--- a/a.txt\n")
    assert head.startswith("diff --git a/a.txt b/a.txt\nindex ")
    assert body == "+++ b/a.txt\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"


def test_far_changes_are_hunks_of_their_own() -> None:
    """Six equal lines between two changes are still one hunk, seven are not."""
    near = unified(between({"a": "x\n" + "\n" * 6 + "x\n"}, {"a": "y\n" + "\n" * 6 + "y\n"}))
    far = unified(between({"a": "x\n" + "\n" * 7 + "x\n"}, {"a": "y\n" + "\n" * 7 + "y\n"}))

    assert (near.count("@@ -"), far.count("@@ -")) == (1, 2)


def test_binary_files_are_named_only() -> None:
    """Their bytes would spoil a terminal."""
    text = unified(compare(Content({"a": File.of(b"\0")}), Content({"a": File.of(b"\0\0")})))

    assert text.endswith("Binary files a/a and b/a differ\n")


def test_a_mode_is_told_without_text() -> None:
    """The bytes are the same."""
    file, program = File.of(b"x"), File.of(b"x", FileMode.EXECUTABLE)
    text = unified(compare(Content({"a": file}), Content({"a": program})))

    assert text == "diff --git a/a b/a\nold mode 100644\nnew mode 100755\n"


def test_a_file_that_becomes_a_link_is_removed_and_added() -> None:
    """Git has no other words for it."""
    text = unified(
        compare(
            Content({"a": File.of(b"x\n")}),
            Content({"a": File.of(b"b", FileMode.SYMLINK)}),
        )
    )

    assert "deleted file mode 100644" in text
    assert "new file mode 120000" in text
    assert text.endswith("+b\n\\ No newline at end of file\n")
