"""One user's life cycles on a real API server and git over HTTP: each step, and its stages.

Workload, `done` and stages as `living` says; etcd without fsync; git http-backend on loopback.
60 life cycles, after 5 to warm up.
"""

import asyncio
import statistics
from collections.abc import Iterator

from bench.living import Eyes, Life, Times, ranks
from bench.results import Result, write
from bench.world import World, world
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
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


def main() -> None:
    """Measure, and write bench/results/lifecycle.json."""
    with world(1) as here:
        times, sizes = asyncio.run(_measure(here))
        results = [*_results(times, sizes)]
        if here.ours is not None:
            rss = here.ours.rss_mib()["operator"]
            results.append(Result("operator", "RSS", rss, "MiB", 400.0))
        write(here.suite("lifecycle"), results)


async def _measure(here: World) -> tuple[Times, list[int]]:
    """Times of the steps, and bytes of each published object as JSON."""
    times = Times()
    (repository,) = here.repositories
    async with connect(load_kubeconfig([here.kubeconfig])) as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        keys = [
            ObjectKey(here.namespace, f"{repository}.p{number}.v1")
            for number in range(WARM_UP + CYCLES)
        ]
        for key in keys[:WARM_UP]:
            await Life(client, eyes, key, Times()).whole()
        for key in keys[WARM_UP:]:
            await Life(client, eyes, key, times).whole()
        watching.cancel()
        return times, [await _size(client, key) for key in keys[WARM_UP:]]


async def _size(client: Client, key: ObjectKey) -> int:
    return len(await client.read(REVISIONS.object_path(key)))


def _results(times: Times, sizes: list[int]) -> Iterator[Result]:
    for step, values in times.steps.items():
        is_answer = step.endswith("acknowledged")
        yield from ranks(step, values, ACKNOWLEDGED if is_answer else TARGETS.get(step, {}))
    size = statistics.median(sizes)
    yield Result("published PackageRevision", "median size", size, "bytes", 1500.0)


if __name__ == "__main__":
    main()
