"""Several runs of one workload: the median one is recorded, and how far the others were from it.

Pure. A run is recorded as a whole, so that its figures belong together: they are of the run whose
first main figure is the median.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.results import Better, Result


@dataclass(frozen=True, slots=True)
class Figure:
    """Which result of a workload."""

    case: str
    metric: str

    def __str__(self) -> str:
        return f"{self.case}: {self.metric}"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one workload."""

    results: Sequence[Result]
    main: Sequence[Figure]  # the first says which run is the median; the spread is told of all

    def result(self, figure: Figure) -> Result:
        """The one that is meant."""
        for each in self.results:
            if (each.case, each.metric) == (figure.case, figure.metric):
                return each
        raise LookupError(f"a run must have the result {figure}, has none of that name")


def median_run(runs: Sequence[Measured]) -> Measured:
    """The run in the middle; of an even number the worse of the two there."""
    decides = runs[0].main[0]
    is_high_good = runs[0].result(decides).better is Better.HIGHER
    best_first = sorted(runs, key=lambda run: run.result(decides).value, reverse=is_high_good)
    return best_first[len(runs) // 2]


def spread(runs: Sequence[Measured]) -> Iterator[Result]:
    """The lowest and the highest of each main figure; nothing where there is one run."""
    if len(runs) < 2:
        return
    for figure in runs[0].main:
        found = sorted((run.result(figure) for run in runs), key=lambda result: result.value)
        for which, each in (("lowest", found[0]), ("highest", found[-1])):
            metric = f"{figure.metric}, {which} of {len(runs)} runs"
            yield Result(figure.case, metric, each.value, each.unit, better=each.better)


def combined(runs: Sequence[Sequence[Measured]]) -> list[Result]:
    """What is recorded of runs of the same workloads: each's median run, then the spreads."""
    results: list[Result] = []
    for workload in zip(*runs, strict=True):
        results += [*median_run(workload).results, *spread(workload)]
    return results
