"""Colours where people look, plain text where programs do."""

import io

import pytest

from porch.cli.terminal import DIFFERENCES, Terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def written(stream: io.StringIO, text: str) -> str:
    Terminal.of(stream).write(text)
    return stream.getvalue()


TEXT = '[PASS] "f" in 0s\n  Results:\n    [error]: bad\nError: no\n'


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_colours() -> None:
    """Words that tell how it went, and nothing else."""
    assert written(Screen(), TEXT) == (
        '\x1b[32m[PASS]\x1b[0m "f" in 0s\n  Results:\n'
        "\x1b[31m    [error]\x1b[0m: bad\n\x1b[1;31mError:\x1b[0m no\n"
    )


def test_differences_have_colours_of_their_own() -> None:
    """What is added, removed and changed; a list in the lines around it is none of these."""
    screen = Screen()
    text = "~ A b  (c)\n    | -x\n@@ -1 +1 @@\n--- a/c\n+++ b/c\n-x\n+y\n   - name: z\n"
    Terminal.of(screen).write(text, DIFFERENCES)

    assert screen.getvalue() == (
        "\x1b[33m~ A b  (c)\x1b[0m\n\x1b[31m    | -x\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n"
        "\x1b[1m--- a/c\x1b[0m\n\x1b[1m+++ b/c\x1b[0m\n\x1b[31m-x\x1b[0m\n\x1b[32m+y\x1b[0m\n"
        "   - name: z\n"
    )


def test_a_file_gets_none() -> None:
    """Logs stay readable."""
    assert written(io.StringIO(), TEXT) == TEXT


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_can_ask_for_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """See no-color.org."""
    monkeypatch.setenv(name, value)

    assert written(Screen(), TEXT) == TEXT


def test_functions_cannot_steer_a_terminal() -> None:
    """What a function prints is shown; in a file it is kept as it is."""
    assert written(Screen(), "a\x1b]0;x\x07b\tc\n") == "a\\x1b]0;x\\x07b\tc\n"
    assert written(io.StringIO(), "a\x1bb") == "a\x1bb"
