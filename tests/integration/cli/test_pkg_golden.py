"""`pkg update` through git, held against recordings of `kpt pkg update` 1.0.0-beta.56.

`tests/golden/test_golden_merge.py` holds the merge itself to all of them; here some are run as
people run them, from real commits, so that fetching, references and locks are in it, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from porch_devcluster.gitserver import repositories
from tests.golden.directories import golden_root, read_tree
from tests.unit.cli.commandline import Porchctl, write_tree

pytestmark = pytest.mark.process

REPO = b"https://git.example.com/upstream"  # as it was recorded, and the ids of its two commits
V1, V2 = b"1" * 40, b"2" * 40
CASES = (
    "kptfile-pipeline-version-bump",
    "kptfile-removed-upstream",
    "list-assoc-add-both",
    "nonkrm-upstream-changed",
    "resource-renamed-local",
    "scalar-conflict",
    "strategy-fast-forward-dirty",
    "strategy-force-delete-replace",
    "subpkg-deleted-upstream",
)


def replaced(files: Mapping[str, bytes], words: Mapping[bytes, bytes]) -> dict[str, bytes]:
    """The files with some words for others."""
    found = dict(files)
    for old, new in words.items():
        found = {path: data.replace(old, new) for path, data in found.items()}
    return found


@pytest.mark.parametrize("name", CASES)
def test_an_update_through_git_does_what_kpt_does(
    porchctl: Porchctl, workplace: Path, name: str
) -> None:
    """Byte for byte in the mode of kpt; one that kpt refuses leaves the package as it was."""
    case = golden_root() / "merge" / name
    facts = json.loads((case / "case.json").read_text())
    upstream = repositories.create(workplace, "upstream", branch="main", files=None)
    for tag, tree in (("v1", "original"), ("v2", "upstream")):
        files = {f"pkg/{path}": data for path, data in read_tree(case / tree).items()}
        upstream.commit(files, branch=f"at-{tag}")
        upstream.git("tag", tag, f"at-{tag}")
    words = {
        REPO: str(upstream.path).encode(),
        V1: upstream.git("rev-parse", "v1").strip().encode(),
        V2: upstream.git("rev-parse", "v2").strip().encode(),
    }
    local = replaced(read_tree(case / "local"), words)
    write_tree(workplace / "pkg", local)
    ended = porchctl(
        "pkg", "update", "pkg@v2", "--strategy", facts["strategy"], "--compatibility", "kpt"
    )
    expected = replaced(read_tree(case / "expected"), words)

    assert ended.code == facts["exitCode"]
    assert read_tree(workplace / "pkg") == (local if ended.code else expected)
