"""Changing a package on disk: as a whole, also across crashes."""

import os
import stat
from pathlib import Path

import pytest

from porch.cli.errors import ChangedMeanwhile, UnusableDirectory, Unwritable
from porch.cli.packages.localpackage import JOURNAL, LocalPackage, read_content
from porch.cli.packages.rewriting import Plan, carry_out, exclusive, prepare, rewrite
from porch.kpt.content import Content, File, FileMode
from tests.unit.cli.commandline import snapshot, write_tree

BEFORE = {"Kptfile": "old", "a.yaml": "a", "d/b.yaml": "b", "d/e/c.yaml": "c"}
AFTER = Content(
    {
        "Kptfile": File.of(b"new"),
        "a.yaml": File.of(b"a"),
        "d/e": File.of(b"a file now"),
        "run.sh": File.of(b"x", FileMode.EXECUTABLE),
        "link": File.of(b"a.yaml", FileMode.SYMLINK),
        "n/m/x.bin": File.of(b"\0"),
    }
)


@pytest.fixture
def package(tmp_path: Path) -> LocalPackage:
    """Four files and a git directory."""
    write_tree(tmp_path / "p", {**BEFORE, ".git/HEAD": "ref"})
    return read_content(tmp_path / "p")


def changed(package: LocalPackage, after: Content = AFTER) -> Content:
    """The content on disk after a change."""
    with exclusive(package.root):
        rewrite(package, after)
    return read_content(package.root).content


def test_the_directory_holds_exactly_the_new_content(package: LocalPackage) -> None:
    """Modes, links, folders that become files; what is not of the package stays."""
    assert changed(package) == AFTER
    assert (package.root / ".git/HEAD").read_text() == "ref"
    assert not (package.root / JOURNAL).exists()


def test_the_directory_stays_the_same_one(package: LocalPackage) -> None:
    """A shell may be in it, and files that do not change are not touched."""
    before = package.root.stat().st_ino, (package.root / "a.yaml").stat()
    changed(package)

    assert (package.root.stat().st_ino, (package.root / "a.yaml").stat()) == before


def test_permissions_stay_but_for_execution(package: LocalPackage) -> None:
    """Who could read a file may execute it when it becomes a program."""
    (package.root / "a.yaml").chmod(0o640)
    before = read_content(package.root)
    changed(before, Content({**AFTER, "a.yaml": File.of(b"!", FileMode.EXECUTABLE)}))

    assert stat.S_IMODE((package.root / "a.yaml").stat().st_mode) == 0o750


def test_a_crash_before_the_journal_is_complete_changes_nothing(package: LocalPackage) -> None:
    """The next command drops what it finds."""
    before = snapshot(package.root)
    write_tree(package.root / JOURNAL / "files", {"Kptfile": "half"})
    with exclusive(package.root):
        pass

    assert snapshot(package.root) == before


@pytest.mark.parametrize("steps", range(8))
def test_after_a_crash_behind_it_the_next_command_does_the_rest(
    package: LocalPackage, steps: int
) -> None:
    """Wherever it happened; doing a step twice is doing it once."""
    plan = Plan.of(package.content, AFTER)
    prepare(package, AFTER, plan)
    for path in plan.remove[:steps]:
        (package.root / path).unlink()
    if steps > len(plan.remove):
        (package.root / "d/e").rmdir()
        for path in plan.write[: steps - len(plan.remove)]:
            (package.root / path).parent.mkdir(parents=True, exist_ok=True)
            (package.root / JOURNAL / "files" / path).replace(package.root / path)
    with exclusive(package.root):
        pass

    assert read_content(package.root).content == AFTER


def test_what_was_interrupted_is_not_looked_at_as_if_it_were_whole(package: LocalPackage) -> None:
    """The error says which command finishes it."""
    prepare(package, AFTER, Plan.of(package.content, AFTER))

    with pytest.raises(UnusableDirectory, match="porchctl pkg update"):
        read_content(package.root)


def test_the_kptfile_comes_last(package: LocalPackage) -> None:
    """It says what the package was updated to."""
    assert Plan.of(package.content, AFTER).write[-1] == "Kptfile"


def test_recovery_removes_nothing_behind_a_new_link(package: LocalPackage) -> None:
    """The path of a file that is gone may lead elsewhere by now."""
    write_tree(package.root.parent / "elsewhere", {"c.yaml": "not ours"})
    after = Content(
        {"Kptfile": File.of(b"k"), "d/e": File.of(b"../../elsewhere", FileMode.SYMLINK)}
    )
    plan = Plan.of(package.content, after)
    prepare(package, after, plan)
    carry_out(package.root, plan)
    (package.root / JOURNAL).mkdir()
    carry_out(package.root, plan)

    assert (package.root.parent / "elsewhere/c.yaml").read_text() == "not ours"


def test_what_changed_meanwhile_is_not_written_over(package: LocalPackage) -> None:
    """Whoever edits during an update keeps the edit."""
    (package.root / "Kptfile").write_text("edited")
    before = snapshot(package.root)

    with pytest.raises(ChangedMeanwhile, match="Kptfile must not change"):
        changed(package)

    assert snapshot(package.root) == before


def test_a_file_that_has_just_come_is_not_written_over(package: LocalPackage) -> None:
    """We have never seen it."""
    (package.root / "run.sh").write_text("mine")

    with pytest.raises(ChangedMeanwhile, match=r"run\.sh"):
        changed(package)


def test_a_folder_with_something_in_it_does_not_make_room(package: LocalPackage) -> None:
    """Something that is not of the package: a git directory, say."""
    write_tree(package.root / "d/e/.git", {"HEAD": "x"})
    before = snapshot(package.root)

    with pytest.raises(Unwritable, match="d/e must become a file"):
        changed(package)

    assert snapshot(package.root) == before


def test_one_command_at_a_time(package: LocalPackage) -> None:
    """A second one would see half of the first."""
    with (
        exclusive(package.root),
        pytest.raises(Unwritable, match="another is at it"),
        exclusive(package.root),
    ):
        pass


def test_nothing_to_change_writes_nothing(package: LocalPackage) -> None:
    """Not even for a moment."""
    os.chmod(package.root, 0o500)
    try:
        assert changed(package, package.content) == package.content
    finally:
        os.chmod(package.root, 0o700)


def test_carrying_out_twice_is_carrying_out_once(package: LocalPackage) -> None:
    """Recovery may itself be interrupted."""
    plan = Plan.of(package.content, AFTER)
    prepare(package, AFTER, plan)
    carry_out(package.root, plan)
    (package.root / JOURNAL).mkdir()
    carry_out(package.root, plan)

    assert read_content(package.root).content == AFTER
