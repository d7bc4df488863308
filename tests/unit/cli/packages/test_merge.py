"""`pkg merge`: three directories."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.commandline import Porchctl, kptfile, snapshot, write_tree

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  one: {}\n  two: {}\n"


@pytest.fixture
def sides(tmp_path: Path) -> list[Path]:
    """Upstream changed `one`, local changed `two`."""
    return [
        write_tree(tmp_path / name, {"Kptfile": kptfile(), "cm.yaml": CM.format(one, two)})
        for name, one, two in (("original", 1, 1), ("upstream", 2, 1), ("local", 1, 3))
    ]


def test_the_result_is_in_local(porchctl: Porchctl, sides: list[Path]) -> None:
    """Both changes are in it."""
    ended = porchctl("pkg", "merge", *sides)

    assert ended.code == 0
    assert "one: 2\n  two: 3\n" in (sides[2] / "cm.yaml").read_text()


def test_the_result_can_go_elsewhere(porchctl: Porchctl, sides: list[Path], tmp_path: Path) -> None:
    """Local stays as it is then."""
    before = snapshot(sides[2])
    ended = porchctl("pkg", "merge", *sides, "-o", tmp_path / "result")

    assert ended.code == 0
    assert "one: 2\n  two: 3\n" in (tmp_path / "result/cm.yaml").read_text()
    assert snapshot(sides[2]) == before


def test_conflicts_are_told_by_text_and_exit_code(porchctl: Porchctl, sides: list[Path]) -> None:
    """With the three values, and which of them it is now."""
    write_tree(sides[2], {"cm.yaml": CM.format(7, 1)})
    ended = porchctl("pkg", "merge", *sides)

    assert ended.code == 2
    assert (
        "conflict: cm.yaml: ConfigMap a: data.one was changed differently on both sides; took"
        " updated\n    was 1, here 7, upstream 2\n" in ended.stdout
    )


def test_the_data_of_secrets_is_not_shown(porchctl: Porchctl, sides: list[Path]) -> None:
    """That it is in conflict is, and a difference names the field."""
    for side, value in zip(sides, ("hush-1", "hush-2", "hush-3"), strict=True):
        secret = CM.replace("ConfigMap", "Secret").format(value, 1)
        write_tree(side, {"cm.yaml": secret})
    told = porchctl("pkg", "diff", *sides[:2]).stdout + porchctl("pkg", "merge", *sides).stdout

    assert "data.one: changed (a secret is not shown)" in told
    assert "conflict: cm.yaml: Secret a: data.one was changed differently" in told
    assert "hush" not in told


def test_conflicts_are_json_for_programs(porchctl: Porchctl, sides: list[Path]) -> None:
    """`-o json` is short for `--format json`."""
    write_tree(sides[2], {"cm.yaml": CM.format(7, 1)})
    (conflict,) = json.loads(porchctl("pkg", "merge", *sides, "-o", "json").stdout)["conflicts"]

    assert conflict == {
        "path": "cm.yaml",
        "resource": {"kind": "ConfigMap", "name": "a"},
        "field": "data.one",
        "base": "1",
        "ours": "7",
        "theirs": "2",
        "taken": "updated",
    }


def test_a_merge_that_fails_changes_nothing(porchctl: Porchctl, sides: list[Path]) -> None:
    """The error names the side and the file."""
    write_tree(sides[1], {"cm.yaml": "a: [\n"})
    before = snapshot(sides[2])
    ended = porchctl("pkg", "merge", *sides)

    assert ended.code == 1
    assert "updated cm.yaml: line 2" in ended.stderr
    assert snapshot(sides[2]) == before


def test_what_exists_is_not_written_over(porchctl: Porchctl, sides: list[Path]) -> None:
    """Not even an empty directory."""
    ended = porchctl("pkg", "merge", *sides, "-o", sides[0])

    assert (ended.code, "must not exist yet" in ended.stderr) == (1, True)
