"""A new directory: whole or absent."""

from pathlib import Path

import pytest

from porch.cli.errors import Unwritable
from porch.cli.newdirectory import write_new
from porch.kpt.content import File
from tests.unit.cli.commandline import write_tree

FILES = {"a": File.of(b"a"), "d/b": File.of(b"b")}


def test_it_is_there_with_the_folders_above_it(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    write_new(tmp_path / "x" / "new", FILES)

    assert [path.name for path in (tmp_path / "x").iterdir()] == ["new"]
    assert (tmp_path / "x/new/d/b").read_text() == "b"


def test_what_a_crash_left_is_swept_away_by_the_next_one(tmp_path: Path) -> None:
    """Only what has the same name: others may be at work."""
    write_tree(tmp_path / ".new.0a1b2c3d.porch-tmp", {"a": "half"})
    write_tree(tmp_path / ".other.0a1b2c3d.porch-tmp", {"a": "half"})
    write_new(tmp_path / "new", FILES)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".other.0a1b2c3d.porch-tmp",
        "new",
    ]


def test_what_exists_is_not_replaced(tmp_path: Path) -> None:
    """It may have come to be while we were fetching."""
    write_tree(tmp_path / "new", {"mine": "m"})

    with pytest.raises(Unwritable, match="must not exist"):
        write_new(tmp_path / "new", FILES)

    assert [path.name for path in tmp_path.rglob("*")] == ["new", "mine"]
