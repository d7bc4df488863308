"""The tables of conditions and reasons: whatever people can meet is explained there."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import porch
from porch.api.conditions import ConditionType, Reason
from porch.api.conditiontable import CONDITIONS, EVENTS, REASONS, Outcome
from porch.errors import Disposition, PorchError

# Errors that end a program before it works, those of the command line, and those of the function
# runner, which reach a condition through the operator's client of it only.
NOT_IN_CONDITIONS = (
    "porch.cli.",
    "porch.runtime.settings",
    "porch.runtime.connection",
    "porch_function_runner.",
)
OUTCOMES = {
    Disposition.RETRY: Outcome.GOES_ON,
    Disposition.WAIT: Outcome.GOES_ON,
    Disposition.STALL: Outcome.STALLED,
}


def all_errors() -> Iterator[type[PorchError]]:
    """Every class of the tree of errors, wherever it is defined."""
    for module in pkgutil.walk_packages(porch.__path__, "porch."):
        importlib.import_module(module.name)
    waiting: list[type[PorchError]] = [PorchError]
    while waiting:
        found = waiting.pop()
        waiting.extend(found.__subclasses__())
        if found.__module__.startswith("porch") and not found.__module__.startswith(
            NOT_IN_CONDITIONS
        ):
            yield found


def test_the_reason_of_every_error_is_explained() -> None:
    """Any error may end in a condition; add it to the table in `porch.api.conditiontable`."""
    missing = {f"{each.reason} ({each.__module__})" for each in all_errors()} - {
        f"{each.reason} ({each.__module__})" for each in all_errors() if each.reason in REASONS
    }

    assert missing == set()


def test_the_table_says_what_an_error_makes_happen() -> None:
    """`goes on` and `only an edit helps` must not be mixed up for people who wait."""
    wrong = {
        each.__qualname__
        for each in all_errors()
        if OUTCOMES[each.disposition] not in REASONS[each.reason].outcomes
    }

    assert wrong == set()


def test_every_reason_in_code_is_explained() -> None:
    """The enum is what code writes by name."""
    assert set(Reason) - set(REASONS) == set()


def test_every_event_is_explained() -> None:
    """An Event is often the first thing that somebody reads."""
    source = Path(porch.__path__[0])
    told = re.compile(r"announcer\.(?:done|warn)\(\s*[\w.]+,\s*\"(\w+)\"")
    reasons = {reason for path in source.rglob("*.py") for reason in told.findall(path.read_text())}

    assert reasons
    assert reasons - set(EVENTS) - set(REASONS) == set()


def test_every_type_of_condition_is_explained() -> None:
    """With the statuses that it can have."""
    assert {row.type for row in CONDITIONS} == set(ConditionType)
