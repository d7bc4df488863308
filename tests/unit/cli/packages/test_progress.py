"""What takes long, told while it happens."""

import io

import pytest

from porch.cli.packages.progress import Progress
from porch.cli.terminal import Terminal
from tests.unit.cli.test_terminal import Screen


def shown(stream: io.StringIO) -> str:
    """A step with something that happens in it."""
    with Progress(Terminal.of(stream)).step("Fetching x") as watch:
        watch("50%\x1b[2J")
    return stream.getvalue()


def test_on_a_terminal_it_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No longer than the terminal is wide; a server cannot steer it."""
    monkeypatch.setenv("COLUMNS", "20")

    clear = "\r\x1b[K"
    assert shown(Screen()) == f"{clear}Fetching x{clear}Fetching x: 50%?[2J" + clear


def test_elsewhere_it_is_one_line_that_stays() -> None:
    """A log needs no percentages."""
    assert shown(io.StringIO()) == "Fetching x\n"
