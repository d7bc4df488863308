"""One user's life cycles on a real API server and git over HTTP: each step, and its stages.

Workload, `done` and stages as `living` says; etcd without fsync; git http-backend on loopback.
60 life cycles, after 5 to warm up.
"""

import asyncio
import statistics
from collections.abc import Iterator

from bench.living import STEPS, Eyes, Life, Times, ranks
from bench.results import Result
from bench.runs import Figure, Measured
from bench.timing import Suite
from bench.world import World
from porch.controllers.served import REVISIONS
from porch.runtime.resources import ObjectKey

CYCLES = 60
WARM_UP = 5

ACKNOWLEDGED = {"p99": 50.0}
TARGETS = {
    "init": {"median": 60.0},
    "edit": {"median": 60.0},
    "propose": {"median": 40.0},
    "approve": {"median": 120.0},
    "life cycle": {"median": 280.0, "p95": 350.0},
}
MAIN = [
    Figure("life cycle", "median"),
    Figure("life cycle", "p95"),
    *[Figure(step, "median") for step in STEPS],
]


def measure(here: World, *, cycles: int = CYCLES, warm_up: int = WARM_UP) -> list[Measured]:
    """One run."""
    times = asyncio.run(live_alone(here, cycles, warm_up))
    results = [*_results(times), asyncio.run(_sizes(here, times))]
    if here.ours is not None:
        rss = here.ours.rss_mib()["operator"]
        results.append(Result("operator", "RSS", rss, "MiB", 400.0))
    return [Measured(results, MAIN)]


SUITE = Suite("lifecycle", 1, measure)


async def live_alone(here: World, cycles: int, warm_up: int) -> Times:
    """So many lives, one after the other, after some to warm up."""
    times = Times()
    (repository,) = here.repositories
    async with here.client() as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        keys = [
            ObjectKey(here.namespace, f"{repository}.{here.named(f'p{number}')}.v1")
            for number in range(warm_up + cycles)
        ]
        for key in keys[:warm_up]:
            await Life(client, eyes, key, Times()).whole()
        for key in keys[warm_up:]:
            await Life(client, eyes, key, times).whole()
        watching.cancel()
    return times


def _results(times: Times) -> Iterator[Result]:
    for step, values in times.steps().items():
        is_answer = step.endswith("acknowledged")
        yield from ranks(step, values, ACKNOWLEDGED if is_answer else TARGETS.get(step, {}))


async def _sizes(here: World, times: Times) -> Result:
    """Bytes of the published objects as JSON."""
    names = sorted({span.name for span in times.spans})
    async with here.client() as client:
        keys = [ObjectKey(here.namespace, name) for name in names]
        sizes = [len(await client.read(REVISIONS.object_path(key))) for key in keys]
    size = statistics.median(sizes)
    return Result("published PackageRevision", "median size", size, "bytes", 1500.0)
