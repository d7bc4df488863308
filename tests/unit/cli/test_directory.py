"""What is read of a package directory."""

from pathlib import Path

import pytest

from porch.cli.directory import PackageDirectory
from porch.cli.errors import UnusableDirectory
from porch.kpt.files import BadPackage, PackageLimits
from tests.unit.cli.commandline import CONFIG_MAP, write_tree


def test_only_resources_and_krmignore_are_read(tmp_path: Path) -> None:
    """What functions never see is never opened, however large it is."""
    files: dict[str, str | bytes] = {
        "Kptfile": "",
        "a.yaml": "",
        "b.yml": "",
        "c.json": "",
        ".krmignore": "",
        "sub/.krmignore": "",
        "README.md": "",
        "logo.png": b"\xff",
        ".git/config.yaml": "",
        "sub/.git/x.yaml": "",
    }
    package = PackageDirectory.read(str(write_tree(tmp_path, files)))

    assert set(package.files) == {
        "Kptfile", "a.yaml", "b.yml", "c.json", ".krmignore", "sub/.krmignore"
    }  # fmt: skip


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link may lead anywhere, and writing through it would change what is there."""
    write_tree(tmp_path, {"outside/a.yaml": CONFIG_MAP, "pkg/Kptfile": ""})
    (tmp_path / "pkg" / "a.yaml").symlink_to(tmp_path / "outside" / "a.yaml")
    (tmp_path / "pkg" / "folder").symlink_to(tmp_path / "outside")

    assert set(PackageDirectory.read(str(tmp_path / "pkg")).files) == {"Kptfile"}


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    """It is resolved once, at the start."""
    write_tree(tmp_path, {"pkg/Kptfile": ""})
    (tmp_path / "link").symlink_to("pkg")

    assert PackageDirectory.read(str(tmp_path / "link")).root == tmp_path / "pkg"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (PackageLimits(max_file_bytes=3), "b.yaml: a file must have at most 3 bytes, found 4"),
        (PackageLimits(max_total_bytes=5), "at most 5 bytes, found more at b.yaml"),
        (PackageLimits(max_files=1), "at most 1 files with resources"),
    ],
)
def test_sizes_are_checked_before_anything_large_is_read(
    tmp_path: Path, limits: PackageLimits, said: str
) -> None:
    """Memory is bounded by the limits, not by the disk."""
    write_tree(tmp_path, {"a.yaml": "ab", "b.yaml": "abcd"})

    with pytest.raises(BadPackage, match=said):
        PackageDirectory.read(str(tmp_path), limits)


def test_names_must_be_utf_8(tmp_path: Path) -> None:
    """Paths end up in YAML, which can hold nothing else."""
    (tmp_path / b"\xff.yaml".decode("utf-8", "surrogateescape")).write_text("")

    with pytest.raises(UnusableDirectory, match="must be UTF-8"):
        PackageDirectory.read(str(tmp_path))
