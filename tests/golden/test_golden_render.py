"""Render in mode KPT, held against recordings of kpt 1.0.0-beta.56.

The cases are the directories below `render/` here, or below the directory that PORCH_GOLDEN_DIR
names; the functions they call are in `render/_fn`.
"""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from porch.kpt.compatibility import Compatibility
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.render import RenderOptions, render
from porch.kpt.results import results_text
from porch.kpt.runlog import closing_text, event_text
from porch.kpt.runs import Event
from porch.kpt.writing import resource_list_text, unwrapped_text
from tests.golden.directories import RenderCase, golden_root, read_tree, render_cases
from tests.golden.executables import Executables

pytestmark = pytest.mark.process


class Replay:
    """One case, run again."""

    def __init__(self, directory: Path) -> None:
        self.case = RenderCase.read(directory)
        self.input = read_tree(directory / "input")
        self.functions = Executables(golden_root() / "render" / "_fn", [])
        self.events: list[Event] = []
        self.outcome: Rendered | RenderFailed = render(
            self.input,
            evaluate=self.functions,
            options=RenderOptions(
                mode=Compatibility.KPT,
                root="/pkg",
                allow_exec="--allow-exec" in self.case.command,
                keep_items=self.case.output in ("stdout", "unwrap"),
            ),
            report=self.events.append,
        )

    @property
    def tree(self) -> dict[str, bytes]:
        """What is left in the package's directory."""
        if isinstance(self.outcome, RenderFailed) or self.case.output:
            return self.input
        return as_bytes(self.outcome.files)

    @property
    def output_tree(self) -> dict[str, bytes]:
        """What is written to the directory given by `-o`."""
        assert isinstance(self.outcome, Rendered)
        files = as_bytes(self.outcome.files)
        return {path: files[path] for path in self.outcome.resources}

    @property
    def stdout(self) -> str:
        if isinstance(self.outcome, Rendered) and self.case.output == "stdout":
            return resource_list_text(self.outcome.items)
        if isinstance(self.outcome, Rendered) and self.case.output == "unwrap":
            return unwrapped_text(self.outcome.items)
        return ""

    @property
    def results(self) -> str | None:
        """The file of results; none when the root's Kptfile could not be used."""
        if isinstance(self.outcome, RenderFailed) and not self.outcome.has_begun:
            return None
        return results_text(self.outcome.functions)

    @property
    def stderr(self) -> str:
        closing = closing_text(
            self.outcome,
            in_place=not self.case.output,
            results_file="/w/results/results.yaml",
        )
        return "".join(map(event_text, self.events)) + closing


@cache
def replayed(directory: Path) -> Replay:
    """The case, run once for all tests that look at it."""
    return Replay(directory)


def as_bytes(files: object) -> dict[str, bytes]:
    assert isinstance(files, dict)
    return {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}


@pytest.mark.parametrize("directory", render_cases(), ids=lambda path: path.name)
def test_golden_render(directory: Path) -> None:
    """Files, exit code, standard output, results, and what each function was given."""
    replay = replayed(directory)
    case = replay.case

    assert isinstance(replay.outcome, Rendered) is (case.exit_code == 0)
    assert replay.tree == read_tree(directory / "expected")
    if (directory / "outdir").exists():
        assert replay.output_tree == read_tree(directory / "outdir")
    assert replay.stdout == (case.text("stdout.txt") or "")
    assert replay.results == case.text("results.yaml")
    assert_inputs(replay.functions.inputs, directory / "fn-input")


@pytest.mark.parametrize("directory", render_cases(), ids=lambda path: path.name)
def test_golden_render_log(directory: Path) -> None:
    """Standard error, to the blank."""
    replay = replayed(directory)

    assert replay.stderr == (replay.case.text("stderr.txt") or "")


def assert_inputs(given: list[str], recorded: Path) -> None:
    """The recorded inputs, byte for byte but for the random order of a configMap's keys."""
    if not recorded.exists():
        return
    expected = [path.read_text() for path in sorted(recorded.iterdir())]

    assert list(map(normalised, given)) == list(map(normalised, expected))


def normalised(text: str) -> tuple[str, object]:
    flow = re.compile(r"^  data: \{.*\}$", re.MULTILINE)
    return flow.sub("", text), [yaml.safe_load(found) for found in flow.findall(text)]
