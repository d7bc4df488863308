"""`pkg diff DIR DIR2`, and how a difference is told."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, write_tree

SCRIPT = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  s: |\n    one\n    {}\n"


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two directories that differ in everything."""
    before = write_tree(
        tmp_path / "eu",
        {
            "cm.yaml": CONFIG_MAP,
            "gone.yaml": CONFIG_MAP.replace("name: a", "name: gone"),
            "logo.png": b"\0",
            "run.sh": "x",
            "note.yaml": "# one\n" + CONFIG_MAP.replace("name: a", "name: n"),
            "script.yaml": SCRIPT.format("two").replace("name: a", "name: s"),
        },
    )
    after = write_tree(
        tmp_path / "us",
        {
            "x/cm.yaml": CONFIG_MAP.replace("k: v", "k: w\n  l: '1'"),
            "new.yaml": CONFIG_MAP.replace("name: a", "name: new"),
            "logo.png": b"\0\0",
            "run.sh": "x",
            "note.yaml": "# two\n" + CONFIG_MAP.replace("name: a", "name: n"),
            "script.yaml": SCRIPT.format("three").replace("name: a", "name: s"),
        },
    )
    (after / "run.sh").chmod(0o755)
    return [before, after]


def test_each_kind_of_change_has_its_line(porchctl: Porchctl, two: list[Path]) -> None:
    """Resources first, then what they do not say."""
    ended = porchctl("pkg", "diff", *two)

    assert ended.code == 0
    assert ended.stdout.splitlines()[1:] == [
        "- ConfigMap gone  (gone.yaml)",
        "+ ConfigMap new  (new.yaml)",
        "~ ConfigMap s  (script.yaml)",
        "    data.s:",
        "    | @@ -1,2 +1,2 @@",
        "    |  one",
        "    | -two",
        "    | +three",
        "~ ConfigMap a  (cm.yaml → x/cm.yaml)",
        "    data.k: v → w",
        "    data.l: + 1",
        "~ logo.png  (binary)",
        "~ note.yaml  (comments or layout only)",
        "~ run.sh  (mode 100644 → 100755)",
        "",
        "Resources: 1 added, 2 changed, 1 removed. Files: 7, of which 3 not only resources.",
    ]


def test_no_difference_is_said(porchctl: Porchctl, two: list[Path]) -> None:
    """Silence could mean anything."""
    ended = porchctl("pkg", "diff", two[0], two[0], "--exit-code")

    assert (ended.code, ended.stdout.splitlines()[-1]) == (0, "No differences.")


def test_the_exit_code_tells_when_asked(porchctl: Porchctl, two: list[Path]) -> None:
    """As with git."""
    assert porchctl("pkg", "diff", *two, "--exit-code").code == 1


def test_unified_text_is_nothing_but_that(porchctl: Porchctl, two: list[Path]) -> None:
    """A program reads it."""
    assert porchctl("pkg", "diff", *two, "--unified").stdout.startswith("diff --git a/")
    assert porchctl("pkg", "diff", two[0], two[0], "--unified").stdout == ""


def test_json_has_all_of_it(porchctl: Porchctl, two: list[Path]) -> None:
    """Before and after of each field."""
    (found,) = json.loads(porchctl("pkg", "diff", *two, "-o", "json").stdout)["differences"]
    (moved,) = [each for each in found["resources"] if "previousPath" in each]

    assert found["summary"] == {"added": 1, "changed": 2, "moved": 0, "removed": 1, "files": 7}
    assert moved["fields"] == [
        {"path": "data.k", "change": "changed", "before": "v", "after": "w"},
        {"path": "data.l", "change": "added", "after": "1"},
    ]


def test_a_type_of_diff_makes_no_sense_for_two_directories(
    porchctl: Porchctl, two: list[Path]
) -> None:
    """It chooses sides, and they are given."""
    ended = porchctl("pkg", "diff", *two, "--diff-type", "remote")

    assert (ended.code, "two directories" in ended.stderr) == (1, True)
