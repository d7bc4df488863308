"""Registering repositories with a past, and noticing what others push.

Workload  packages with 5 published revisions each, 6 files of 2 kB in all, beside as many
          placeholders; git http-backend on loopback; etcd without fsync. Then 50 pushes of a new
          package into the larger repository, each its own commit and tag, one after the other with
          a push event each; and 50 without events, at moments of one period of polling that a
          fixed seed chooses.
Done      a client's watch has seen every PackageRevision with its number; then every
          PackageRevisionResources exists. `visible` is from the end of the push on.
Requests  those that the API server counted for our kinds, and those that the git server answered.
"""

import asyncio
import random
import re
import time
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from bench.arriving import KPTFILE, is_numbered, numbered, shown
from bench.history import publish_all
from bench.living import Eyes, ranks
from bench.registering import register
from bench.results import Result
from bench.runs import Figure, Measured
from bench.timing import Suite
from bench.world import POLL, PUSH_SECRET, Ours, World
from porch.runtime.client import Client
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer

REVISIONS_EACH = 5
SIZES = {500: 4.0, 2_000: 15.0}  # published revisions -> seconds
PUSHES = 50
SEED = 1
NUMBERED = "numbered"


@dataclass(frozen=True, slots=True)
class Past:
    """A registered repository with a past."""

    name: str
    repository: Repository
    url: str


def measure(here: World) -> list[Measured]:
    """One run."""
    if here.git is None:
        raise SystemExit("repositories are pushed to: PORCH_BENCH_REPOSITORIES must not be set")
    return asyncio.run(_measure(here, here.git))


SUITE = Suite("repositories", 0, measure)


async def _measure(here: World, git: GitServer) -> list[Measured]:
    measured: list[Measured] = []
    async with here.client() as client:
        for size, target in SIZES.items():
            past = await _past(here, git, size)
            case = f"register {size} revisions"
            served = len(git.served)
            results = await _registering(here, client, past, size=size, target=target, case=case)
            results.append(Result(case, "git requests", len(git.served) - served, ""))
            measured.append(Measured(results, [Figure(case, NUMBERED)]))
        eyes = Eyes(client, here.namespace)
        watching = asyncio.create_task(eyes.run())
        await eyes.opened.wait()
        if here.ours is not None:
            measured.append(_pushed("by event", await _told(here.ours, eyes, past), 1_000.0))
        within = 1_100 * POLL.total_seconds() + 1_000
        measured.append(_pushed("by polling", await _untold(eyes, past), within))
        watching.cancel()
    return measured


async def _past(here: World, git: GitServer, size: int) -> Past:
    """A repository with so many published revisions, not registered yet."""
    name = here.named(f"past{size}")
    repository = git.create_repository(name)
    publish_all(repository.path, packages=size // REVISIONS_EACH, revisions=REVISIONS_EACH)
    return Past(name, repository, git.url_of(repository))


async def _registering(
    here: World, client: Client, past: Past, *, size: int, target: float, case: str
) -> list[Result]:
    expected, prefix = size + size // REVISIONS_EACH, f"{past.name}."
    requests = here.ours.api_requests() if here.ours is not None else 0
    begun = time.perf_counter()
    await register(client, here.namespace, past.name, past.url)
    await numbered(client, here.namespace, expected, prefix=prefix)
    known = time.perf_counter()
    await shown(client, here.namespace, expected, prefix=prefix)
    whole = time.perf_counter()
    results = [
        Result(case, NUMBERED, known - begun, "s", target),
        Result(case, "resources shown after that", whole - known, "s", 60.0),
    ]
    if here.ours is not None:
        made = here.ours.api_requests() - requests
        results.append(Result(case, "API requests per object", made / expected, ""))
        rss = here.ours.operator.rss_mib()
        results.append(Result(case, "RSS with workers", rss, "MiB", 400.0))
    return results


def _pushed(way: str, seconds: list[float], target: float) -> Measured:
    case = f"external push visible {way}"
    values = [1000 * each for each in seconds]
    return Measured([*ranks(case, values, {"p99": target})], [Figure(case, "median")])


async def _told(ours: Ours, eyes: Eyes, past: Past) -> list[float]:
    """Seconds until pushes are seen that an event tells of."""
    took: list[float] = []
    for number in range(PUSHES):
        begun = await _push(past, f"told{number}")
        await _tell(ours, past.url)
        took.append(await _seen(eyes, past, f"told{number}", begun))
    return took


async def _untold(eyes: Eyes, past: Past) -> list[float]:
    """Seconds until pushes are seen that nobody tells of."""
    moments = random.Random(SEED)  # noqa: S311 (the same moments in each run)
    begun = time.perf_counter()
    one_at_a_time = asyncio.Lock()

    async def push(package: str, moment: float) -> float:
        await asyncio.sleep(begun + moment - time.perf_counter())
        async with one_at_a_time:
            pushed = await _push(past, package)
        return await _seen(eyes, past, package, pushed)

    async with asyncio.TaskGroup() as group:
        pushes = [
            group.create_task(push(f"untold{number}", moments.uniform(0, POLL.total_seconds())))
            for number in range(PUSHES)
        ]
    return [each.result() for each in pushes]


async def _push(past: Past, package: str) -> float:
    """Publish a package as somebody else would; when that was done."""

    def push() -> float:
        commit = past.repository.commit({f"{package}/Kptfile": KPTFILE})
        past.repository.git("update-ref", f"refs/tags/{package}/v1", commit)
        return time.perf_counter()

    return await asyncio.to_thread(push)


async def _seen(eyes: Eyes, past: Past, package: str, pushed: float) -> float:
    """Seconds from a push until its revision is seen with its number."""
    return await eyes.first(f"{past.name}.{package}.v1", is_numbered, after=pushed) - pushed


async def _tell(ours: Ours, url: str) -> None:
    """Send the push event that a server would send."""
    log = ours.operator.log.read_text()
    port = re.findall(r"push events are received.*?port=(\d+)", log)[-1]
    headers = {"Authorization": f"Bearer {PUSH_SECRET}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/", json={"url": url}, headers=headers) as answer,
    ):
        assert answer.status == HTTPStatus.ACCEPTED, await answer.text()
