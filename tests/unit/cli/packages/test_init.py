"""`pkg init`."""

import json
from pathlib import Path

from porch.kpt.kptfile import parse_kptfile
from tests.unit.cli.commandline import Porchctl, snapshot, write_tree


def test_a_new_package_says_what_it_was_told(porchctl: Porchctl, tmp_path: Path) -> None:
    """Name of the directory, description, keywords, site."""
    ended = porchctl(
        "pkg", "init", tmp_path / "shop", "--description", "A shop", "--keywords", "a, b",
        "--site", "https://x",
    )  # fmt: skip
    kptfile = parse_kptfile((tmp_path / "shop/Kptfile").read_text())

    assert ended.code == 0
    assert (kptfile.name, kptfile.info.description) == ("shop", "A shop")
    assert (kptfile.info.keywords, kptfile.info.site) == (("a", "b"), "https://x")


def test_files_that_are_there_stay(porchctl: Porchctl, tmp_path: Path) -> None:
    """A README most of all."""
    write_tree(tmp_path / "p", {"README.md": "mine", "a.yaml": "a"})
    ended = porchctl("pkg", "init", tmp_path / "p", "-o", "json")

    assert json.loads(ended.stdout)["files"] == ["Kptfile", "package-context.yaml"]
    assert (tmp_path / "p/README.md").read_text() == "mine"


def test_a_package_is_not_made_twice(porchctl: Porchctl, tmp_path: Path) -> None:
    """Its Kptfile is somebody's work."""
    write_tree(tmp_path / "p", {"Kptfile": "mine"})
    before = snapshot(tmp_path)
    ended = porchctl("pkg", "init", tmp_path / "p")

    assert ended.code == 1
    assert "must not be a package yet" in ended.stderr
    assert snapshot(tmp_path) == before
