"""Reading a package whole."""

import os
from pathlib import Path

import pytest

from porch.cli.errors import UnusableDirectory
from porch.cli.packages.localpackage import read_content
from porch.kpt.content import BadPath, FileMode
from tests.unit.cli.commandline import write_tree


def test_every_file_is_read_with_its_mode_and_links_as_links(tmp_path: Path) -> None:
    """Those to directories, too: nothing is followed."""
    write_tree(tmp_path, {"a": "a", "d/b": b"\0", "run": "x", ".git/HEAD": "r", "s/.git": "g"})
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "l").symlink_to("d")
    os.mkfifo(tmp_path / "pipe")
    content = read_content(tmp_path).content

    assert {path: file.mode for path, file in content.items()} == {
        "a": FileMode.REGULAR,
        "d/b": FileMode.REGULAR,
        "run": FileMode.EXECUTABLE,
        "l": FileMode.SYMLINK,
    }
    assert content["l"].data == b"d"


def test_a_name_that_git_cannot_have_is_an_error(tmp_path: Path) -> None:
    """Rather than a file that is silently lost."""
    write_tree(tmp_path, {"a\\b": "x"})

    with pytest.raises(BadPath, match="backslash"):
        read_content(tmp_path)


def test_what_is_no_directory_is_told(tmp_path: Path) -> None:
    """And what it is instead."""
    write_tree(tmp_path, {"f": ""})

    with pytest.raises(UnusableDirectory, match="found a file"):
        read_content(tmp_path / "f")
    with pytest.raises(UnusableDirectory, match="found nothing"):
        read_content(tmp_path / "x")
