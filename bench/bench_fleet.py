"""A fleet: 20 repositories of 20 packages with 5 revisions each, 2,000 publications in all.

Workload  twenty users at once, each with the packages of one repository; a first revision is made
          by `init`, each next one by `copyFrom`, all created as Published in one breath.
Done      Published and Ready, seen by a client's watch, from the creation on.
"""

import asyncio
import time
from collections.abc import Iterator

from bench.living import Eyes, Life, Times, has_lifecycle, ranks
from bench.results import Better, Result
from bench.runs import Figure, Measured
from bench.timing import Suite
from bench.world import World
from porch.runtime.client import Client
from porch.runtime.resources import ObjectKey

REPOSITORIES = 20
PACKAGES = 20
REVISIONS_EACH = 5
CASE = f"{REPOSITORIES} repositories, {PACKAGES} packages, {REVISIONS_EACH} revisions"
UNTIL_PUBLISHED = f"{CASE}: creation to Published"
SPEED = "publications a second"


def measure(here: World) -> list[Measured]:
    """One run."""
    main = [Figure(CASE, SPEED), Figure(UNTIL_PUBLISHED, "median"), Figure(UNTIL_PUBLISHED, "p99")]
    return [Measured([*_results(here)], main)]


SUITE = Suite("fleet", REPOSITORIES, measure)


def _results(here: World) -> Iterator[Result]:
    before = here.cpu_seconds()
    begun = time.perf_counter()
    values = asyncio.run(_publish_all(here)).steps()["published"]
    seconds = time.perf_counter() - begun
    yield from ranks(UNTIL_PUBLISHED, values, {"p99": 5_000.0})
    yield Result(CASE, SPEED, len(values) / seconds, "1/s", None, Better.HIGHER)
    for process, used in here.cpu_seconds().items():
        yield Result(CASE, f"CPU of the {process}", used - before[process], "s")
    if here.ours is None:
        return
    for process, memory in here.ours.rss_mib().items():
        target = 400.0 if process == "operator" else None
        yield Result(CASE, f"RSS of the {process}", memory, "MiB", target)
    yield Result(CASE, "etcd on disk", here.ours.etcd_mib(), "MiB")


async def _publish_all(here: World) -> Times:
    times = Times()
    async with here.client() as client:
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        async with asyncio.TaskGroup() as group:
            for repository in here.repositories:
                place = (here.namespace, f"{repository}.{here.named('p')}")
                group.create_task(_user(client, eyes, place, times))
        watching.cancel()
    return times


async def _user(client: Client, eyes: Eyes, place: tuple[str, str], times: Times) -> None:
    namespace, begins = place
    for package in range(PACKAGES):
        source: dict[str, object] = {"init": {"description": "A benchmark"}}
        for revision in range(1, REVISIONS_EACH + 1):
            key = ObjectKey(namespace, f"{begins}{package}.v{revision}")
            begun = time.perf_counter()
            await Life(client, eyes, key, times).create(source, "Published")
            seen = await eyes.first(key.name, has_lifecycle("Published"), after=begun)
            times.add(key.name, "published", begun=begun, ended=seen)
            eyes.forget(key.name)
            source = {"copyFrom": {"name": key.name}}
