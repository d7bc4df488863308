"""What all commands share."""

import gc

import pytest

from tests.unit.cli.commandline import Porchctl


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",), ("fn",), ("fn", "eval", "-h")])
def test_help_is_a_success(porchctl: Porchctl, arguments: tuple[str, ...]) -> None:
    """With or without asking for it by its option."""
    ended = porchctl(*arguments)

    assert ended.code == 0
    assert ended.stdout.startswith("Usage: porchctl")


def test_help_says_what_json_means_beside_kpts_output(porchctl: Porchctl) -> None:
    """One option, two meanings: it has to be told."""
    text = " ".join(porchctl("fn", "render", "--help").stdout.split())

    assert "`-o json` is no place: it is short for `--format json`" in text


def test_the_version_is_printed(porchctl: Porchctl) -> None:
    """Name and number, for bug reports."""
    assert porchctl("version").stdout.startswith("porchctl 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(porchctl: Porchctl, shell: str) -> None:
    """It calls porchctl back."""
    ended = porchctl("completion", shell)

    assert ended.code == 0
    assert "_PORCHCTL_COMPLETE" in ended.stdout


def test_a_command_leaves_the_collector_of_garbage_as_it_was(porchctl: Porchctl) -> None:
    """Commands run without it; whoever calls them as a function has it back."""
    porchctl("version")

    assert gc.isenabled()
