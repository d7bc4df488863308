"""Recorded runs of kpt 1.0.0-beta.56, replayed through the real porchctl with --compatibility kpt.

All cases are held by the library's tests; these stand for each way in and out of the command line.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.golden.directories import HERE, RenderCase, read_tree
from tests.integration.cli.program import porchctl

pytestmark = pytest.mark.process

CASES = (
    "basic-set-namespace",
    "bad-kptfile-version",
    "bad-pipeline-both",
    "delete-resource",
    "fail-exec-missing",
    "fail-exec-not-allowed",
    "fail-exit3-results",
    "fail-long-stderr",
    "generate-path-outside",
    "no-kptfile",
    "order-subpackages",
    "out-dir",
    "out-stdout",
    "out-unwrap",
    "stderr-success",
    "validator-fail",
)


@pytest.mark.parametrize("name", CASES)
def test_golden_command(name: str, tmp_path: Path) -> None:
    """Exit code, both outputs, the results file, and every file."""
    case = RenderCase.read(HERE / "render" / name)
    shutil.copytree(case.directory / "input", tmp_path / "pkg")
    words = [word.replace("/w/", f"{tmp_path}/") for word in case.command]
    ended = porchctl(
        *words,
        "--compatibility=kpt",
        directory=tmp_path,
        path=HERE / "render" / "_fn",
    )

    assert ended.returncode == case.exit_code
    assert recorded(ended.stderr, tmp_path) == (case.text("stderr.txt") or "")
    assert ended.stdout == (case.text("stdout.txt") or "")
    assert read_tree(tmp_path / "pkg") == read_tree(case.directory / "expected")
    assert read_tree(tmp_path / "outp") == read_tree(case.directory / "outdir")
    results = tmp_path / "results" / "results.yaml"
    assert (results.read_text() if results.exists() else None) == case.text("results.yaml")


def recorded(text: str, root: Path) -> str:
    """With the paths and durations of the recording."""
    text = text.replace(f"{root}/results", "/w/results").replace(str(root), "")
    return re.sub(r'^(\[(?:PASS|FAIL)\] ".*" in) \S+$', r"\1 0s", text, flags=re.MULTILINE)
