"""`porchctl fn render` on a directory, with built-in functions."""

import json
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


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """One ConfigMap, to be put into the namespace shop."""
    return write_tree(tmp_path / "pkg", {"Kptfile": kptfile(TO_SHOP), "a.yaml": CONFIG_MAP})


def test_a_render_in_place_changes_what_functions_changed(
    porchctl: Porchctl, package: Path
) -> None:
    """Comments stay, and the Kptfile tells the outcome."""
    ended = porchctl("fn", "render", package)

    assert ended.code == 0
    assert ended.stdout == ""
    assert "Successfully executed 1 function(s) in 1 package(s)." in ended.stderr
    assert (package / "a.yaml").read_text() == CONFIG_MAP.replace(
        "the one\n", "the one\n  namespace: shop\n"
    )
    assert "type: Rendered" in (package / "Kptfile").read_text()


def test_the_working_directory_is_the_default(
    porchctl: Porchctl, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in kpt."""
    monkeypatch.chdir(package)

    assert porchctl("fn", "render").code == 0
    assert "namespace: shop" in (package / "a.yaml").read_text()


def test_a_render_without_news_writes_nothing(porchctl: Porchctl, package: Path) -> None:
    """Not even the time of a change, once the functions report nothing new."""
    porchctl("fn", "render", package)
    porchctl("fn", "render", package)
    before = {path: path.stat().st_mtime_ns for path in package.iterdir()}
    porchctl("fn", "render", package)

    assert {path: path.stat().st_mtime_ns for path in package.iterdir()} == before


def test_modes_links_binaries_and_hidden_files_survive(porchctl: Porchctl, package: Path) -> None:
    """Only resources are functions' business."""
    write_tree(
        package,
        {
            "logo.png": b"\x89PNG\xff\x00",
            "hidden.yaml": b"\xff not even text",
            ".krmignore": "hidden.yaml\n",
            ".git/config.yaml": "not: {yaml",
        },
    )
    (package / "link.yaml").symlink_to("a.yaml")
    (package / "folder").symlink_to(".git")
    (package / "a.yaml").chmod(0o640)
    before = snapshot(package)
    ended = porchctl("fn", "render", package)
    after = snapshot(package)

    assert ended.code == 0
    assert {path for path in after if after[path] != before.get(path)} == {"Kptfile", "a.yaml"}
    assert after["a.yaml"][0] == before["a.yaml"][0]


@pytest.mark.parametrize(
    ("word", "start"),
    [("stdout", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"), ("unwrap", "apiV")],
)
def test_resources_go_to_standard_output(
    porchctl: Porchctl, package: Path, word: str, start: str
) -> None:
    """The package stays as it is, and standard output holds nothing else."""
    before = snapshot(package)
    ended = porchctl("fn", "render", package, "-o", word)

    assert ended.code == 0
    assert ended.stdout.startswith(start)
    assert "namespace: shop" in ended.stdout
    assert "Rendered" not in ended.stdout
    assert snapshot(package) == before


def test_resources_go_to_a_new_directory(porchctl: Porchctl, package: Path, tmp_path: Path) -> None:
    """Resources only, as in kpt."""
    write_tree(package, {"README.md": "hello"})
    before = snapshot(package)
    ended = porchctl("fn", "render", package, "-o", tmp_path / "new" / "out")

    assert ended.code == 0
    assert set(snapshot(tmp_path / "new")) == {"out", "out/Kptfile", "out/a.yaml"}
    assert snapshot(package) == before


def test_an_output_directory_must_be_new(porchctl: Porchctl, package: Path, tmp_path: Path) -> None:
    """Nothing that is there is written over."""
    taken = write_tree(tmp_path / "out", {"mine": "x"})
    ended = porchctl("fn", "render", package, "-o", taken)

    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr == f"Error: output directory '{taken}' must not exist yet\n"
    assert list(taken.iterdir()) == [taken / "mine"]


def test_results_are_kept_in_a_file(porchctl: Porchctl, package: Path, tmp_path: Path) -> None:
    """The list that kpt writes."""
    results = tmp_path / "results"
    ended = porchctl("fn", "render", package, "--results-dir", results)

    assert f"For complete results, see {results}/results.yaml\n" in ended.stderr
    assert (results / "results.yaml").read_text().startswith("apiVersion: kpt.dev/v1\nkind: Func")


def test_output_is_truncated_unless_asked_otherwise(porchctl: Porchctl, tmp_path: Path) -> None:
    """Four lines a block."""
    files = {f"{name}.yaml": CONFIG_MAP.replace("name: a", f"name: {name}") for name in "abcdef"}
    package = write_tree(tmp_path, {"Kptfile": kptfile(TO_SHOP), **files})
    short = porchctl("fn", "render", package, "-o", "unwrap")
    long = porchctl("fn", "render", package, "-o", "unwrap", "--truncate-output=false")

    assert "truncated, use '--truncate-output=false' to disable" in short.stderr
    assert "line(s) truncated" not in long.stderr
    assert long.stderr.count("[warning]") == 7


def test_a_function_that_fails_is_named_with_file_and_line(
    porchctl: Porchctl, tmp_path: Path
) -> None:
    """The last line is all one needs to read."""
    files = {
        "Kptfile": kptfile("image: set-image:v0.1.1\n      configMap: {newTag: v2}"),
        "a.yaml": CONFIG_MAP,
    }
    package = write_tree(tmp_path, files)
    ended = porchctl("fn", "render", package)
    last = ended.stderr.splitlines()[-1]

    assert ended.code == 1
    assert last.startswith("Error: Kptfile:7: function ")
    assert "set-image:v0.1.1" in last
    assert "must specify `name`" in last


@pytest.mark.parametrize("words", [("--format", "json"), ("-o", "json")])
def test_a_success_is_told_as_json(
    porchctl: Porchctl, package: Path, words: tuple[str, ...]
) -> None:
    """Both spellings render in place and print one object."""
    ended = porchctl("fn", "render", package, *words)
    report = json.loads(ended.stdout)

    assert (ended.code, ended.stderr) == (0, "")
    assert "namespace: shop" in (package / "a.yaml").read_text()
    assert report["package"] == str(package)
    assert report["outcome"] == "Succeeded"
    assert report["error"] is None
    assert report["files"] == {"changed": ["Kptfile", "a.yaml"], "generated": [], "removed": []}
    (function,) = report["functions"]
    assert function["image"].endswith("/set-namespace:v0.4.1")
    assert (function["type"], function["exitCode"]) == ("mutator", 0)
    assert function["seconds"] >= 0
    assert {result["severity"] for result in function["results"]} == {"info", "warning"}


def test_a_failure_is_told_as_json(porchctl: Porchctl, tmp_path: Path) -> None:
    """Programs get the place as data."""
    package = write_tree(tmp_path, {"Kptfile": kptfile(TO_SHOP), "a.yaml": "a: b\n c: d\n"})
    ended = porchctl("fn", "render", package, "--format", "json")
    report = json.loads(ended.stdout)

    assert ended.code == 1
    assert report["outcome"] == "Failed"
    assert report["error"]["location"] == {"file": "a.yaml", "line": 2}
    assert report["error"]["reason"] == "BadYaml"
    assert ended.stderr == f"Error: {report['error']['message']}\n"


def test_json_and_resources_cannot_share_standard_output(porchctl: Porchctl, package: Path) -> None:
    """Either would be useless."""
    ended = porchctl("fn", "render", package, "-o", "unwrap", "--format", "json")

    assert (ended.code, ended.stdout) == (1, "")
    assert "must not both be given" in ended.stderr


def test_what_was_made_before_a_failure_is_kept_when_the_package_asks(
    porchctl: Porchctl, tmp_path: Path
) -> None:
    """kpt.dev/save-on-render-failure, as in later versions of kpt."""
    asks = '  annotations:\n    kpt.dev/save-on-render-failure: "true"\n'
    steps = (TO_SHOP, "image: set-image:v0.1.1\n      configMap: {newTag: v2}")
    package = write_tree(
        tmp_path, {"Kptfile": kptfile(*steps, extra=asks), "a.yaml": CONFIG_MAP, "x.txt": "x"}
    )
    ended = porchctl("fn", "render", package)

    assert ended.code == 1
    assert "namespace: shop" in (package / "a.yaml").read_text()
    assert "RenderFailed" in (package / "Kptfile").read_text()
    assert (package / "x.txt").read_text() == "x"


@pytest.mark.parametrize("arguments", [("fn", "render", "--nope"), ("fn", "nope"), ("nope",)])
def test_a_wrong_word_is_one_line_and_exit_code_1(
    porchctl: Porchctl, arguments: tuple[str, ...]
) -> None:
    """As in kpt; click would say 2."""
    ended = porchctl(*arguments)

    assert ended.code == 1
    assert ended.stderr.startswith("Error: No such ")
    assert ended.stderr.count("\n") == 1
