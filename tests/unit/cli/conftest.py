"""Fixtures of the command line's tests."""

import pytest

from tests.unit.cli.commandline import Porchctl


@pytest.fixture
def porchctl(capsys: pytest.CaptureFixture[str]) -> Porchctl:
    """The command line."""
    return Porchctl(capsys)
