"""`--runner`: functions that are not built in, by a function runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.commandline import CONFIG_MAP, TO_SHOP, Porchctl, kptfile, write_tree
from tests.unit.function_runner.program import Program, image, running

pytestmark = pytest.mark.process

FUNCTIONS = {
    "rename": "#!/bin/sh\nsed 's/k: v$/k: w/'\n",
    "refuse": "#!/bin/sh\ncat\nprintf 'results:\\n- {message: no, severity: error}\\n'\nexit 1\n",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A runner with two functions."""
    with running(tmp_path_factory.mktemp("functions"), FUNCTIONS) as found:
        yield found


@pytest.mark.parametrize("command", ["render", "eval"])
def test_an_image_of_the_runner_s_runs_there(
    porchctl: Porchctl, program: Program, tmp_path: Path, command: str
) -> None:
    """Beside what is built in; comments stay."""
    files = {
        "Kptfile": kptfile(TO_SHOP, f"image: {image('rename')}"),
        "a.yaml": CONFIG_MAP,
    }
    package = write_tree(tmp_path / "p", files)
    named = ("--image", image("rename")) if command == "eval" else ()
    ended = porchctl("fn", command, package, *named, "--runner", program.address)

    text = (package / "a.yaml").read_text()
    assert ended.code == 0, ended.stderr
    assert "name: a # the one" in text
    assert "k: w" in text
    assert ("namespace: shop" in text) == (command == "render")


def test_a_failure_there_is_told_as_any_other(
    porchctl: Porchctl, program: Program, tmp_path: Path
) -> None:
    """With its results; the package stays."""
    files = {"Kptfile": kptfile(f"image: {image('refuse')}"), "a.yaml": CONFIG_MAP}
    package = write_tree(tmp_path / "p", files)
    ended = porchctl("fn", "render", package, "--runner", program.address)

    assert ended.code == 1
    assert "[error]: no" in ended.stderr
    assert (package / "a.yaml").read_text() == CONFIG_MAP


def test_a_runner_that_is_not_there_is_named(porchctl: Porchctl, tmp_path: Path) -> None:
    """Nothing is written."""
    files = {"Kptfile": kptfile(f"image: {image('rename')}"), "a.yaml": CONFIG_MAP}
    package = write_tree(tmp_path / "p", files)
    ended = porchctl("fn", "render", package, "--runner", "127.0.0.1:1")

    assert ended.code != 0
    assert "code = Unavailable" in ended.stderr
    assert "'127.0.0.1:1'" in ended.stderr
    assert "Traceback" not in ended.stderr
