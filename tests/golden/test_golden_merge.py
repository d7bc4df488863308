"""Upgrades in mode KPT, held against recordings of `kpt pkg update` 1.0.0-beta.56.

The cases are the directories below `merge/` here, or below the directory that PORCH_GOLDEN_DIR
names. A recording is of the command, so its steps around the merge are done here: it writes the new
ref into the Kptfile, marks the resources of all three sides, merges, writes the lock, marks again.
"""

import json
from functools import cache
from pathlib import Path
from posixpath import dirname

import pytest

from porch.errors import PorchError
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File
from porch.kpt.kptfile import KPTFILE, GitRef, UnreadableKptfile, UpstreamLock, parse_kptfile
from porch.kpt.kptfile_edit import set_upstream_lock
from porch.kpt.merge.documents import DuplicateResource
from porch.kpt.merge.exact.sources import Unmergeable
from porch.kpt.merge.exact.structs import as_struct
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.merge.replacement import LocalChanges
from porch.kpt.merge.sides import Side
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.outcome import RenderFailed
from porch.kpt.runlog import error_text
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse
from tests.golden.directories import merge_cases, read_tree

KPT = Compatibility.KPT
ROOT = "/ws/pkg"  # where the packages were recorded
COMMITS = {b"1" * 40: b"a" * 40, b"2" * 40: b"b" * 40}  # recorded as digits; ids have letters, too
SOURCES = {
    Side.LOCAL: "local",
    Side.ORIGINAL: "original upstream",
    Side.UPDATED: "updated upstream",
}


class Replay:
    """One case, run again."""

    def __init__(self, directory: Path) -> None:
        facts = json.loads((directory / "case.json").read_text())
        self.strategy = Strategy(facts["strategy"])
        self.fails = facts["exitCode"] != 0
        self.local = read_content(directory / "local")
        self.error: PorchError | None = None
        original, updated = (read_content(directory / name) for name in ("original", "upstream"))
        try:
            self.local = with_ref(self.local, self.strategy)
            original, updated, self.local = (
                ensure_merge_keys(side, mode=KPT) for side in (original, updated, self.local)
            )
            self.result = self._updated(original, updated)
        except PorchError as error:
            self.error = error
            self.result = self.local

    def _updated(self, original: Content, updated: Content) -> Content:
        merged = upgrade(original, updated, self.local, strategy=self.strategy, mode=KPT)
        return ensure_merge_keys(with_lock(merged.content), mode=KPT)


@cache
def replayed(directory: Path) -> Replay:
    """The case, run once for all tests that look at it."""
    return Replay(directory)


def read_content(directory: Path) -> Content:
    """A recorded tree, with ids that look like some."""
    files = read_tree(directory)
    for recorded, commit in COMMITS.items():
        files = {path: data.replace(recorded, commit) for path, data in files.items()}
    return Content({path: File.of(data) for path, data in files.items()})


def as_recorded(content: Content) -> dict[str, bytes]:
    """A tree with the ids that stand for commits in recordings."""
    files = {path: file.data or b"" for path, file in content.items()}
    for recorded, commit in COMMITS.items():
        files = {path: data.replace(commit, recorded) for path, data in files.items()}
    return files


def with_ref(local: Content, strategy: Strategy) -> Content:
    root = kptfile_root(local)
    root.child("upstream").child("git").set("ref", "v2")
    root.child("upstream").set("updateStrategy", strategy.value)
    return with_kptfile(local, root)


def with_lock(local: Content) -> Content:
    root = kptfile_root(local)
    upstream = parse_kptfile(emit_document(root)).upstream
    assert upstream is not None
    assert upstream.git is not None
    git = GitRef(upstream.git.repo, upstream.git.directory, "v2", "b" * 40)
    set_upstream_lock(root, UpstreamLock("git", git))
    return with_kptfile(local, root)


def kptfile_root(content: Content) -> Node:
    text = content[KPTFILE].text or ""
    parse_kptfile(text)
    return parse(text)[0].root


def with_kptfile(content: Content, root: Node) -> Content:
    text = emit_document(as_struct(root), wide=True)
    return Content({**content, KPTFILE: File.of(text.encode())})


def words_of(error: PorchError) -> str:
    """What kpt prints for an error."""
    match error:
        case Unmergeable(in_kpt=words):
            return f"Error: {words} \n"
        case DuplicateResource(side=side, path=path):
            return (
                f'Error: found duplicate "{SOURCES[side]}" resources in file "{path}", please refer'
                ' to "update" documentation for the fix \n'
            )
        case LocalChanges(paths=paths):
            return (
                f"Error: local package files have been modified: [{' '.join(paths)}].\n"
                "  use a different update --strategy. \n"
            )
        case _:
            package = dirname(error.source) if isinstance(error, UnreadableKptfile) else ""
            message = str(error)
            return error_text(
                RenderFailed(
                    error=message,
                    message=message,
                    cause=error,
                    files={},
                    package=package,
                    root=ROOT,
                )
            )


@pytest.mark.parametrize("directory", merge_cases(), ids=lambda path: path.name)
def test_golden_merge(directory: Path) -> None:
    """The tree after the update, byte for byte; an update that fails leaves local as it was."""
    replay = replayed(directory)

    assert (replay.error is not None) is replay.fails
    if not replay.fails:
        assert as_recorded(replay.result) == read_tree(directory / "expected")


@pytest.mark.parametrize(
    "directory",
    [path for path in merge_cases() if json.loads((path / "case.json").read_text())["exitCode"]],
    ids=lambda path: path.name,
)
def test_golden_merge_error(directory: Path) -> None:
    """What kpt says of an update that fails."""
    replay = replayed(directory)
    output = (directory / "output.txt").read_text()

    assert replay.error is not None
    assert words_of(replay.error) == output[output.index("Error: ") :]
