"""`porchctl fn eval`: one function over a directory."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, kptfile, snapshot, write_tree

LABELS = ("-i", "set-labels:v0.2.0")
CONFIG = "apiVersion: fn.kpt.dev/v1alpha1\nkind: SetLabels\nmetadata:\n  name: x\nlabels:\n  a: b\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Resources in a directory that is no package itself."""
    return write_tree(
        tmp_path / "dir",
        {
            "a.yaml": CONFIG_MAP,
            "sub/Kptfile": kptfile("exec: never-run"),
            "sub/.krmignore": "hidden.yaml\n",
            "sub/b.yaml": CONFIG_MAP,
            "sub/hidden.yaml": "not: {yaml",
        },
    )


def test_arguments_behind_dashes_are_the_config(porchctl: Porchctl, directory: Path) -> None:
    """Every package below counts, its pipeline does not, and its .krmignore does."""
    ended = porchctl("fn", "eval", directory, *LABELS, "--", "team=shop", "x=1")

    assert ended.code == 0
    assert ended.stderr.startswith('[RUNNING] "set-labels:v0.2.0"\n[PASS] ')
    assert "Successfully" not in ended.stderr
    for path in ("a.yaml", "sub/b.yaml", "sub/Kptfile"):
        assert 'team: shop\n    x: "1"\n' in (directory / path).read_text()
    assert "Rendered" not in (directory / "sub/Kptfile").read_text()


def test_the_config_may_be_a_file(porchctl: Porchctl, directory: Path, tmp_path: Path) -> None:
    """Which need not be in the package."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    ended = porchctl(
        "fn", "eval", directory, *LABELS, "--fn-config", tmp_path / "config.yaml", "-o", "unwrap"
    )

    assert ended.code == 0
    assert ended.stdout.count("a: b") == 3


def test_a_second_run_changes_nothing(porchctl: Porchctl, directory: Path) -> None:
    """Files whose resources are as they were are not touched."""
    porchctl("fn", "eval", directory, *LABELS, "--", "team=shop")
    ended = porchctl("fn", "eval", directory, *LABELS, "-o", "json", "--", "team=shop")

    assert json.loads(ended.stdout)["files"] == {"changed": [], "generated": [], "removed": []}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "exactly one of `--image` and `--exec` must be given"),
        ((*LABELS, "--exec", "x"), "exactly one of `--image` and `--exec` must be given"),
        ((*LABELS, "--", "x"), "must be key=value, found 'x'"),
        ((*LABELS, "--fn-config", "/none"), "`--fn-config` '/none' must be readable"),
        ((*LABELS, "--fn-config", "/none", "--", "a=b"), "must not both be given"),
        (("-i", "nobody:v1"), "no runtime serves function"),
        (("-i", "set-namespace:latest"), "FunctionConfig is missing"),
    ],
)
def test_what_cannot_run_changes_nothing(
    porchctl: Porchctl, directory: Path, arguments: tuple[str, ...], said: str
) -> None:
    """One line, exit code 1."""
    before = snapshot(directory)
    ended = porchctl("fn", "eval", directory, *arguments)
    last = ended.stderr.splitlines()[-1]

    assert ended.code == 1
    assert last.startswith("Error: ")
    assert said in last
    assert snapshot(directory) == before


def test_a_bad_file_is_named(porchctl: Porchctl, directory: Path) -> None:
    """Also where there is no package."""
    write_tree(directory, {"bad.yaml": "a: b\n c: d\n"})

    assert "Error: bad.yaml: line 2" in porchctl("fn", "eval", directory, *LABELS).stderr
