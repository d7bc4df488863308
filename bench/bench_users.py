"""Ten people at once: whole life cycles in one repository, and over five.

Workload, `done` and stages as `living` says. 40 packages, each whole life by whoever is free next;
every step is awaited. A failure is an error or 60 s without the awaited state.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.living import STEPS, Eyes, Life, Times, ranks
from bench.results import Better, Result
from bench.runs import Figure, Measured
from bench.timing import Suite
from bench.world import World
from porch.errors import PorchError
from porch.runtime.client import Client
from porch.runtime.resources import ObjectKey

USERS = 10
PACKAGES = 40
CROWDS = {1: 10.0, 5: 12.0}  # repositories -> packages a second
SPEED = "packages a second"


@dataclass(slots=True)
class Crowd:
    """What a crowd achieved."""

    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    times: Times = field(default_factory=Times)


def measure(here: World) -> list[Measured]:
    """One run."""
    return [_measured(here, count, target) for count, target in CROWDS.items()]


SUITE = Suite("users", max(CROWDS), measure)


def _measured(here: World, count: int, target: float) -> Measured:
    repositories = "1 repository" if count == 1 else f"{count} repositories"
    case = f"{USERS} users, {repositories}"
    before = here.cpu_seconds()
    crowd = asyncio.run(live_together(here, here.repositories[:count], run=f"r{count}"))
    results = [*_results(case, crowd, target)]
    for process, used in here.cpu_seconds().items():
        each = 1000 * (used - before[process]) / (PACKAGES + count)
        results.append(Result(case, f"CPU of the {process} a package", each, "ms"))
    return Measured(results, [Figure(case, SPEED), Figure(f"{case}: life cycle", "median")])


async def live_together(
    here: World, repositories: Sequence[str], *, run: str, packages: int = PACKAGES
) -> Crowd:
    """So many lives in the hands of ten; `run` begins the names of their packages."""
    crowd, begins = Crowd(), here.named(run)
    async with here.client() as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        for repository in repositories:  # what only a first package costs is no crowd's business
            key = ObjectKey(here.namespace, f"{repository}.{begins}warm.v1")
            await Life(client, eyes, key, Times()).whole()
        keys = [
            ObjectKey(
                here.namespace, f"{repositories[each % len(repositories)]}.{begins}p{each}.v1"
            )
            for each in range(packages)
        ]
        begun = time.perf_counter()
        left = iter(keys)
        async with asyncio.TaskGroup() as group:
            for _ in range(USERS):
                group.create_task(_user(client, eyes, left, crowd))
        crowd.seconds = time.perf_counter() - begun
        watching.cancel()
    return crowd


async def _user(client: Client, eyes: Eyes, left: Iterator[ObjectKey], crowd: Crowd) -> None:
    for key in left:
        try:
            await Life(client, eyes, key, crowd.times).whole()
        except (PorchError, TimeoutError) as err:
            crowd.failures.append(f"{key}: {err!r}")


def _results(case: str, crowd: Crowd, target: float) -> Iterator[Result]:
    for each in crowd.failures:
        print(each, file=sys.stderr)
    speed = (PACKAGES - len(crowd.failures)) / crowd.seconds
    yield Result(case, SPEED, speed, "1/s", target, Better.HIGHER)
    yield Result(case, "failed packages", len(crowd.failures), "of 40", 0.0)
    steps = crowd.times.steps()
    for step in (*STEPS, "life cycle"):
        yield from ranks(f"{case}: {step}", steps.get(step, [0.0]), {})
