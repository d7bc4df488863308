"""What becomes of files that are no resources."""

import pytest

from porch.kpt.content import Content, File, FileMode
from porch.kpt.merge.conflicts import Taken
from porch.kpt.merge.upgrade import Strategy, upgrade
from tests.unit.kpt.merge.packages import KPTFILE, config_map, merged_files, upgraded

OUTCOMES = {  # original, updated, local, merged, whether it is a conflict
    "changed upstream": ("1", "2", "1", "2", False),
    "changed locally": ("1", "1", "5", "5", False),
    "changed differently": ("1", "2", "5", "5", True),
    "changed alike": ("1", "2", "2", "2", False),
    "added upstream": ("", "2", "", "2", False),
    "added locally": ("", "", "5", "5", False),
    "added differently": ("", "2", "5", "5", True),
    "removed upstream": ("1", "", "1", "", False),
    "removed upstream, changed locally": ("1", "", "5", "5", True),
    "removed locally": ("1", "1", "", "", False),
    "removed locally, changed upstream": ("1", "2", "", "", True),
}


@pytest.mark.parametrize("path", ["notes.txt", ".gitignore", ".github/w.yml", "data.json"])
@pytest.mark.parametrize("case", OUTCOMES.values(), ids=OUTCOMES)
def test_files_merge_as_wholes(case: tuple[str, str, str, str, bool], path: str) -> None:
    """Local's stays where both changed it. kpt brings removed ones back, and skips `.git*`."""
    *texts, is_conflict = case
    if path.endswith(".yml"):
        texts = [text and f"# {text}\n" for text in texts]
    original, updated, local, expected = ({path: text} if text else {} for text in texts)
    result = upgraded(original, updated, local)

    assert merged_files(original, updated, local) == expected
    assert [(each.path, each.taken) for each in result.conflicts] == [
        (path, Taken.LOCAL) for _ in range(is_conflict)
    ]


def content(**files: File) -> Content:
    return Content({"Kptfile": File.of(KPTFILE.encode())} | files)


def merge(original: Content, updated: Content, local: Content) -> Content:
    return upgrade(original, updated, local, strategy=Strategy.RESOURCE_MERGE).content


def test_modes_and_bytes_merge_apart() -> None:
    """Upstream made the script executable, local edited it."""
    plain = content(run=File.of(b"1"))
    executable = content(run=File.of(b"1", FileMode.EXECUTABLE))
    edited = content(run=File.of(b"5"))

    assert merge(plain, executable, edited)["run"] == File.of(b"5", FileMode.EXECUTABLE)
    assert merge(executable, content(run=File.of(b"2", FileMode.EXECUTABLE)), plain)["run"] == (
        File.of(b"2")
    )


def test_an_executable_yaml_file_stays_executable() -> None:
    """Merged text is no new file."""
    sides = (
        content(**{"a.yaml": File.of(config_map(data).encode(), FileMode.EXECUTABLE)})
        for data in ("{a: 1, b: 1}", "{a: 2, b: 1}", "{a: 1, b: 5}")
    )

    assert merge(*sides)["a.yaml"] == File.of(
        config_map("{a: 2, b: 5}").encode(), FileMode.EXECUTABLE
    )


def test_symlinks_and_binary_files_survive() -> None:
    """Whatever they are called; a symlink is not what it points to."""
    files = {
        "link.yaml": File.of(b"target", FileMode.SYMLINK),
        "logo.png": File.of(b"\x89PNG\0\xff"),
    }
    package = content(**files)

    assert merge(package, content(**files, new=File.of(b"n")), package) == content(
        **files, new=File.of(b"n")
    )


def test_a_symlink_that_became_a_file_is_a_change() -> None:
    """The bytes may even be the same."""
    link, file = File.of(b"x", FileMode.SYMLINK), File.of(b"x")

    assert merge(content(a=link), content(a=file), content(a=link))["a"] == file


def test_bytes_that_nobody_needs_are_not_asked_for() -> None:
    """A large file may stay in its repository."""
    unread = content(blob=File(File.of(b"large").blob))

    assert merge(unread, unread, unread) == unread


def test_a_file_that_krmignore_hides_is_no_resource() -> None:
    """It need not even be YAML; in kpt it is never updated."""
    ignore = {".krmignore": "charts\n"}
    files = merged_files(
        ignore | {"charts/t.yaml": "{{ 1 }}"},
        ignore | {"charts/t.yaml": "{{ 2 }}"},
        ignore | {"charts/t.yaml": "{{ 1 }}", "x": "mine"},
    )

    assert files == ignore | {"charts/t.yaml": "{{ 2 }}", "x": "mine"}


def test_a_yaml_file_of_comments_only_is_merged_as_a_whole() -> None:
    """There is no document in it."""
    result = upgraded({"c.yaml": "# 1\n"}, {"c.yaml": "# 2\n"}, {"c.yaml": "# 5\n"})

    assert result.content["c.yaml"].text == "# 5\n"
    assert [each.path for each in result.conflicts] == ["c.yaml"]
