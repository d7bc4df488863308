"""Writing into a package directory: all or nothing."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.cli.directory import PackageDirectory
from porch.cli.errors import ChangedMeanwhile, Unwritable
from porch.cli.replacing import replace_files
from tests.unit.cli.commandline import snapshot, write_tree


@pytest.fixture
def package(tmp_path: Path) -> PackageDirectory:
    """Two files and a README."""
    files = {"a.yaml": "a", "b.yaml": "b", "README.md": "r"}
    return PackageDirectory.read(str(write_tree(tmp_path, files)))


def test_files_are_written_and_removed(package: PackageDirectory) -> None:
    """New folders are made, and no temporary name is left."""
    replace_files(package, write={"a.yaml": b"A", "x/y/c.yaml": b"c"}, remove=["b.yaml"])

    assert set(snapshot(package.root)) == {"a.yaml", "README.md", "x", "x/y", "x/y/c.yaml"}
    assert (package.root / "a.yaml").read_text() == "A"


def test_the_mode_of_a_file_stays(package: PackageDirectory) -> None:
    """Although the file is a new one."""
    (package.root / "a.yaml").chmod(0o750)
    replace_files(package, write={"a.yaml": b"A"}, remove=[])

    assert stat.S_IMODE((package.root / "a.yaml").stat().st_mode) == 0o750


def a_link(root: Path) -> None:
    (root / "z.yaml").symlink_to("README.md")


def a_directory(root: Path) -> None:
    (root / "z.yaml").mkdir()


@pytest.mark.parametrize("make", [a_link, a_directory])
def test_only_files_are_written_over(
    package: PackageDirectory, make: Callable[[Path], None]
) -> None:
    """The fault is found after other files were staged, and they are gone again."""
    make(package.root)
    before = snapshot(package.root)

    with pytest.raises(Unwritable, match=r"z\.yaml must be a file"):
        replace_files(
            package, write={"a.yaml": b"A", "n/b": b"", "z.yaml": b"Z"}, remove=["b.yaml"]
        )

    assert snapshot(package.root) == before


def test_nothing_is_written_behind_a_link(package: PackageDirectory, tmp_path: Path) -> None:
    """A function must not reach out of the package by a folder that leads out of it."""
    (tmp_path / "out").symlink_to("/")
    before = snapshot(package.root)

    with pytest.raises(Unwritable, match="'out' must be a directory in the package"):
        replace_files(package, write={"a.yaml": b"A", "out/x.yaml": b""}, remove=[])

    assert snapshot(package.root) == before


@pytest.mark.parametrize("path", ["a.yaml", "b.yaml"])
def test_what_changed_meanwhile_is_not_written_over(package: PackageDirectory, path: str) -> None:
    """Whoever edits during a render keeps the edit, of files to be written or removed."""
    (package.root / path).write_text("mine")
    before = snapshot(package.root)

    with pytest.raises(ChangedMeanwhile, match=path):
        replace_files(package, write={"a.yaml": b"A", "c.yaml": b""}, remove=["b.yaml"])

    assert snapshot(package.root) == before


@pytest.mark.parametrize("path", ["c.yaml", "README.md"])
def test_what_functions_never_saw_is_not_written_over(package: PackageDirectory, path: str) -> None:
    """It appeared meanwhile, or is no resource."""
    (package.root / path).write_text("mine")

    with pytest.raises(Unwritable, match="must not be there"):
        replace_files(package, write={path: b"ours"}, remove=[])

    assert (package.root / path).read_text() == "mine"
