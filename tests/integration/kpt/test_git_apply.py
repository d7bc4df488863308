"""Unified text, given to git."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from porch.cli.newdirectory import write_new
from porch.cli.packages.localpackage import read_content
from porch.kpt.content import Content, FileMode
from porch.kpt.diff.compare import compare
from porch.kpt.diff.unified import unified
from porch_devcluster.gitserver.repositories import environment
from tests.unit.kpt.diff.contents import contents

pytestmark = pytest.mark.process


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(contents, contents)
def test_git_applies_what_we_print(
    tmp_path_factory: pytest.TempPathFactory, before: Content, after: Content
) -> None:
    """All of it: renames, modes, links, ends of lines and missing ends of files."""
    before, after = _texts(before), _texts(after)
    root = tmp_path_factory.mktemp("apply") / "package"
    write_new(root, before)
    text = unified(compare(before, after))
    _apply(text, root)

    assert read_content(root).content == after


def _texts(content: Content) -> Content:
    """Without binary files, which a patch only names."""
    return Content(
        {
            path: file
            for path, file in content.items()
            if file.text is not None or file.mode is FileMode.SYMLINK
        }
    )


def _apply(text: str, root: Path) -> None:
    if text:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=root, env=environment(), input=text.encode(), check=True, capture_output=True,
        )  # fmt: skip
