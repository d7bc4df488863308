"""Of several runs one is recorded, whole; the others say how far it can be trusted."""

import pytest

from bench.results import Better, Result
from bench.runs import Figure, Measured, combined, median_run, spread

MEDIAN = Figure("life cycle", "median")
SPEED = Figure("crowd", "speed")


def life(median: float, *, init: float = 0.0) -> Measured:
    """A run whose main figure is good when it is low."""
    results = [Result("life cycle", "median", median, "ms"), Result("init", "median", init, "ms")]
    return Measured(results, [MEDIAN])


def crowd(speed: float) -> Measured:
    """A run whose main figure is good when it is high."""
    return Measured([Result("crowd", "speed", speed, "1/s", 10.0, Better.HIGHER)], [SPEED])


def test_the_recorded_run_is_the_one_in_the_middle() -> None:
    runs = [life(30), life(10), life(20)]

    assert median_run(runs) is runs[2]


def test_a_run_is_recorded_as_a_whole() -> None:
    """Figures of one run belong together; a median of each figure would be of no run at all."""
    runs = [life(30, init=1), life(10, init=2), life(20, init=3)]

    assert median_run(runs).results[1].value == 3


@pytest.mark.parametrize(
    ("runs", "chosen"),
    [([life(10), life(20)], 20), ([life(1), life(2), life(4), life(3)], 3)],
)
def test_of_an_even_number_the_worse_of_the_middle_is_recorded(
    runs: list[Measured], chosen: float
) -> None:
    assert median_run(runs).result(MEDIAN).value == chosen


def test_the_worse_is_the_lower_where_more_is_better() -> None:
    assert median_run([crowd(8), crowd(9)]).result(SPEED).value == 8


def test_the_spread_is_the_lowest_and_the_highest_of_the_main_figures() -> None:
    """A target is promised for the median run, so the spread has none."""
    assert list(spread([crowd(9), crowd(7), crowd(8)])) == [
        Result("crowd", "speed, lowest of 3 runs", 7, "1/s", better=Better.HIGHER),
        Result("crowd", "speed, highest of 3 runs", 9, "1/s", better=Better.HIGHER),
    ]


def test_one_run_has_no_spread() -> None:
    assert list(spread([life(10)])) == []


def test_each_workload_has_a_median_run_of_its_own() -> None:
    """They run one after the other, and what disturbed one says nothing of the next."""
    runs = [[life(10), crowd(7)], [life(20), crowd(9)], [life(30), crowd(8)]]

    chosen = {(it.case, it.metric): it.value for it in combined(runs)}

    assert chosen["life cycle", "median"] == 20
    assert chosen["crowd", "speed"] == 8
    assert chosen["crowd", "speed, highest of 3 runs"] == 9


def test_a_main_figure_that_was_not_measured_is_named() -> None:
    with pytest.raises(LookupError, match="must have the result crowd: speed"):
        life(10).result(SPEED)
