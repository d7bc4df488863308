"""When managed fields may go: when no entry was made by an apply."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from porch.runtime.managers import NO_MANAGERS, is_applied, relief


@dataclass(frozen=True)
class _Entry:
    operation: str


@dataclass(frozen=True)
class _Metadata:
    managed_fields: Sequence[_Entry]


def _metadata(*operations: str) -> _Metadata:
    return _Metadata([_Entry(each) for each in operations])


@pytest.mark.parametrize("operations", [("Update",), ("Update", "Update")])
def test_entries_of_updates_may_go(operations: tuple[str, ...]) -> None:
    """No request reads them."""
    assert relief(_metadata(*operations)) == NO_MANAGERS


@pytest.mark.parametrize("operations", [("Apply",), ("Update", "Apply")])
def test_an_apply_keeps_all_entries(operations: tuple[str, ...]) -> None:
    """Those of others are what it conflicts with."""
    assert is_applied(_metadata(*operations))
    assert relief(_metadata(*operations)) == {}


def test_where_nothing_is_nothing_is_said() -> None:
    """A patch that would change nothing is not made larger."""
    assert relief(_metadata()) == {}
