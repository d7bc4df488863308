"""Tables say what was measured, what was promised, and how two systems compare."""

import pytest

from bench.recording import recorded, suites
from bench.results import Better, Result
from bench.tables import side_by_side, table

INIT = Result("init", "median", 32.84, "ms", 60.0)
SPEED = Result("users", "packages a second", 8.8334, "1/s", 10.0, Better.HIGHER)
COUNT = Result("register", "API requests per object", 4.5, "")


def test_a_line_has_value_target_and_verdict() -> None:
    assert table([INIT, SPEED, COUNT]).splitlines() == [
        "case      metric                   value      target",
        "init      median                   32.84 ms   60 ms   met",
        "users     packages a second        8.833 1/s  10 1/s  MISSED",
        "register  API requests per object  4.5",
    ]


@pytest.mark.parametrize(
    ("better", "value", "verdict"),
    [
        (Better.LOWER, 10.0, "met"),
        (Better.LOWER, 10.1, "MISSED"),
        (Better.HIGHER, 10.0, "met"),
        (Better.HIGHER, 9.9, "MISSED"),
    ],
)
def test_a_target_is_met_when_it_is_reached(better: Better, value: float, verdict: str) -> None:
    assert Result("a", "b", value, "ms", 10.0, better).verdict == verdict


def test_two_systems_stand_side_by_side_with_the_last_by_the_first() -> None:
    theirs = Result("init", "median", 65.68, "ms", 60.0)

    assert side_by_side({"porch": [INIT], "other": [theirs]}).splitlines() == [
        "case  metric  porch     other     /     target",
        "init  median  32.84 ms  65.68 ms  2.00  60 ms",
    ]


def test_what_only_one_system_tells_is_shown_too() -> None:
    """Processor time and memory are known of our own system only."""
    rss = Result("operator", "RSS", 135.0, "MiB", 400.0)

    assert side_by_side({"porch": [rss], "other": [INIT]}).splitlines()[1:] == [
        "operator  RSS     135 MiB  -            400 MiB",
        "init      median  -        32.84 ms     60 ms",
    ]


def test_nothing_is_compared_with_nothing() -> None:
    none, some = Result("a", "failed", 0.0, "of 40"), Result("a", "failed", 1.0, "of 40")

    assert (
        side_by_side({"x": [none], "y": [some]}).splitlines()[1] == "a     failed  0 of 40  1 of 40"
    )


@pytest.mark.parametrize("suite", suites())
def test_what_is_recorded_can_be_read(suite: str) -> None:
    """Each file has the one format, with the machine and the commit."""
    found = recorded(suite)

    assert found.machine["cores"]
    assert found.commit
    assert table(found.results)
