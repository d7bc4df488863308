"""Suites that time a whole system: the same workload several times, on ours and on another."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from bench.other import PREFIX, other, other_world
from bench.profiling import folder_for, profile
from bench.recording import Runs, save, write
from bench.results import Result
from bench.runs import Measured, combined
from bench.tables import side_by_side, table
from bench.world import World, own_world

OURS = "porch"

Opened = Callable[[int], AbstractContextManager[World]]


@dataclass(frozen=True, slots=True)
class Suite:
    """A workload, or several that share a world."""

    name: str
    repositories: int  # registered ones that it needs
    measure: Callable[[World], Sequence[Measured]]  # one run


def record(suite: Suite, runs: int, environment: Mapping[str, str] = os.environ) -> None:
    """Measure, print, and write bench/results/<suite>.json: <suite>-<label>.json of two systems."""
    systems: dict[str, Opened] = {OURS: own_world}
    if (given := other(environment)) is not None:
        if given.label in systems:
            raise SystemExit(f"{PREFIX}LABEL must not be {OURS!r}: so the results call ours")
        systems[given.label] = partial(other_world, given)
    measured = _measured(suite, systems, runs)
    found = {name: combined(of_system) for name, of_system in measured.items()}
    noted = Runs(runs, [str(each.main[0]) for each in measured[OURS][0]])
    if given is None:
        write(suite.name, found[OURS], runs=noted)
        return
    save(f"{suite.name}-{given.label}", _named(found), runs=noted)
    print(side_by_side(found))


def record_profile(suite: Suite) -> None:
    """One run of ours under profilers, which slow it: figures are printed, and not recorded."""
    with own_world(suite.repositories) as here:
        assert here.ours is not None
        folder = folder_for(suite.name)
        with profile(here.ours, folder):
            results = [each for measured in suite.measure(here) for each in measured.results]
    print(table(results))
    print(f"\nprofiles of {suite.name}: {folder}")


def _measured(
    suite: Suite, systems: Mapping[str, Opened], runs: int
) -> dict[str, list[Sequence[Measured]]]:
    """All runs of all systems, in turns."""
    measured: dict[str, list[Sequence[Measured]]] = {name: [] for name in systems}
    for number in range(1, runs + 1):
        for name, opened in systems.items():
            print(f"{suite.name} on {name}, run {number} of {runs}", file=sys.stderr)
            with opened(suite.repositories) as here:
                measured[name].append(suite.measure(here))
    return measured


def _named(found: Mapping[str, Sequence[Result]]) -> list[Result]:
    """The results of several systems, with the system's name in the case."""
    return [
        replace(each, case=f"{name}: {each.case}")
        for name, results in found.items()
        for each in results
    ]
