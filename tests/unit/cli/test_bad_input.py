"""Packages that cannot be rendered: what is said, and that nothing changes."""

from pathlib import Path

import pytest

from tests.unit.cli.commandline import (
    CONFIG_MAP,
    TO_SHOP,
    Porchctl,
    kptfile,
    snapshot,
    write_tree,
)

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

BAD_FILES = {
    "malformed": ("a: b\n c: d\n", "a.yaml: line 2, column 3: "),
    "duplicate key": (
        "a: 1\nb: 2\na: 3\n",
        "a.yaml: line 3: mapping key 'a'",
    ),
    "anchor in itself": ("a: &x\n  b: *x\n", "a.yaml: line "),
    "alias bomb": (BOMB, "a.yaml: "),
    "tab": ("a:\n\tb: c\n", "a.yaml: line 2, column 1: "),
    "unprintable": ("a: \x07\n", "a.yaml: line 1, column 4: "),
    "not UTF-8": (b"a: \xff\n", "a.yaml: line 1, column 4: "),
    "scalar": ("just text\n", "a.yaml: line 1: "),
    "no kind": ("a: b\n", 'function "set-namespace:v0.4.1": input resource list must contain'),
    "too large": (b"a: " + b"x" * (17 << 20), "a.yaml: a file must have at most 16777216 bytes"),
    "large document": ("a: " + "x" * (5 << 20), "a.yaml: "),
}


@pytest.mark.parametrize(("content", "said"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_named_and_nothing_changes(
    porchctl: Porchctl, tmp_path: Path, content: str | bytes, said: str
) -> None:
    """One line: file, line and column where there is one, and what must hold."""
    files = {"Kptfile": kptfile(TO_SHOP), "a.yaml": content, "b.yaml": CONFIG_MAP}
    package = write_tree(tmp_path, files)
    before = snapshot(package)
    ended = porchctl("fn", "render", package)
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]

    assert ended.code == 1
    assert len(errors) == 1
    assert said in errors[0]
    assert ended.stderr.endswith(errors[0] + "\n")
    assert snapshot(package) == before


BAD_KPTFILES = {
    "unknown field": (kptfile() + "nope: 1\n", "Kptfile:5: "),
    "wrong type": (kptfile() + "pipeline: []\n", "Kptfile:5: "),
    "malformed": ("a: b\n c: d\n", "Kptfile"),
    "old version": (kptfile().replace("kpt.dev/v1", "kpt.dev/v1alpha2"), "Kptfile:1: "),
    "another kind": (CONFIG_MAP, "Kptfile:1: "),
    "no function": (kptfile("name: x"), "Kptfile:7: "),
    "no such config": (kptfile("image: i\n      configPath: no.yaml"), "Kptfile:8: "),
    "exec": (kptfile("exec: rm -rf"), "Kptfile:7: must run with `--allow-exec`"),
    "unknown image": (kptfile("image: nobody/knows:v1"), "Kptfile:7: "),
    "odd tag": (kptfile("image: set-namespace:v0.1"), "built in are its tags"),
}


@pytest.mark.parametrize(("content", "said"), BAD_KPTFILES.values(), ids=BAD_KPTFILES.keys())
def test_a_bad_kptfile_is_named_and_nothing_changes(
    porchctl: Porchctl, tmp_path: Path, content: str, said: str
) -> None:
    """With the line to edit."""
    package = write_tree(tmp_path, {"Kptfile": content, "b.yaml": CONFIG_MAP})
    before = snapshot(package)
    ended = porchctl("fn", "render", package)
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]

    assert ended.code == 1
    assert len(errors) == 1
    assert said in errors[0]
    assert snapshot(package) == before


def test_a_bad_file_of_a_sub_package_is_named_from_the_root(
    porchctl: Porchctl, tmp_path: Path
) -> None:
    """So that an editor finds it."""
    package = write_tree(tmp_path, {"Kptfile": kptfile(), "sub/Kptfile": kptfile() + "nope: 1\n"})

    assert "Error: sub/Kptfile:5: " in porchctl("fn", "render", package).stderr


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_what_is_no_directory_is_refused(porchctl: Porchctl, tmp_path: Path, name: str) -> None:
    """Before anything else."""
    (tmp_path / "file").write_text("")
    ended = porchctl("fn", "render", tmp_path / name)

    assert ended.code == 1
    assert f"must be a directory, found {name if name == 'nothing' else 'a file'}" in ended.stderr


def test_crlf_is_no_fault(porchctl: Porchctl, tmp_path: Path) -> None:
    """Files of Windows editors render like others."""
    package = write_tree(
        tmp_path, {"Kptfile": kptfile(TO_SHOP), "a.yaml": CONFIG_MAP.replace("\n", "\r\n")}
    )

    assert porchctl("fn", "render", package).code == 0
    assert "namespace: shop" in (package / "a.yaml").read_text()


def test_a_directory_without_kptfile_is_no_package(porchctl: Porchctl, tmp_path: Path) -> None:
    """The path is the one that was given."""
    package = write_tree(tmp_path / "pkg", {"a.yaml": CONFIG_MAP})
    ended = porchctl("fn", "render", package)

    assert ended.code == 1
    assert ended.stderr == f'Error: No Kptfile found at "{package}".\n'
