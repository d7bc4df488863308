"""Ten people at once: whole life cycles in one repository, and over five.

Workload, `done` and stages as `living` says. 40 packages, each whole life by whoever is free next;
every step is awaited. A failure is an error or 60 s without the awaited state.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.living import Eyes, Life, Times, ranks
from bench.results import Better, Result, write
from bench.world import World, world
from porch.errors import PorchError
from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import ObjectKey

USERS = 10
PACKAGES = 40
RUNS = {1: 10.0, 5: 12.0}  # repositories -> packages a second


@dataclass(slots=True)
class Crowd:
    """What a crowd achieved."""

    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    times: Times = field(default_factory=Times)


def main() -> None:
    """Measure, and write bench/results/users.json."""
    results: list[Result] = []
    with world(max(RUNS)) as here:
        for count, target in RUNS.items():
            names = here.repositories[:count]
            case = f"{USERS} users, {count} repositories"
            before = here.ours.cpu_seconds() if here.ours is not None else {}
            crowd = asyncio.run(_crowd(here, names, run=f"r{count}"))
            results += _results(case, crowd, target)
            for process, used in (here.ours.cpu_seconds() if here.ours is not None else {}).items():
                each = 1000 * (used - before[process]) / (PACKAGES + count)
                results.append(Result(case, f"CPU of the {process} a package", each, "ms"))
        write(here.suite("users"), results)


async def _crowd(here: World, repositories: Sequence[str], *, run: str) -> Crowd:
    crowd = Crowd()
    async with connect(load_kubeconfig([here.kubeconfig])) as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        for repository in repositories:  # what only a first package costs is no crowd's business
            key = ObjectKey(here.namespace, f"{repository}.{run}warm.v1")
            await Life(client, eyes, key, Times()).whole()
        keys = [
            ObjectKey(here.namespace, f"{repositories[each % len(repositories)]}.{run}p{each}.v1")
            for each in range(PACKAGES)
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
        print(each)
    done = PACKAGES - len(crowd.failures)
    speed = done / crowd.seconds
    yield Result(case, "packages a second", speed, "1/s", target, Better.HIGHER)
    yield Result(case, "failed packages", len(crowd.failures), "of 40", 0.0)
    for step in ("init", "edit", "propose", "approve", "life cycle"):
        yield from ranks(f"{case}: {step}", crowd.times.steps.get(step, [0.0]), {})


if __name__ == "__main__":
    main()
