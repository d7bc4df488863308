"""Looking at 500 repositories in which nothing changes: what a period of polling costs.

One run: it stands still for two periods, and what it counts does not vary.
Requests  those that the API server counted for our kinds, and those that the git server answered.
"""

import asyncio
import time

from bench.arriving import KPTFILE, numbered
from bench.recording import write
from bench.registering import register
from bench.results import Result
from bench.world import POLL, Ours, World, own_world
from porch_devcluster.gitserver.server import GitServer

REPOSITORIES = 500


def main() -> None:
    """Measure, and write bench/results/polling.json."""
    with own_world(0) as here:
        assert here.ours is not None
        assert here.git is not None
        asyncio.run(_register(here, here.git))
        time.sleep(POLL.total_seconds())  # each has been looked at once more
        write("polling", _a_period(here.ours, here.git))


async def _register(here: World, git: GitServer) -> None:
    async with here.client() as client:
        for number in range(REPOSITORIES):
            repository = git.create_repository(f"r{number}", files={"p/Kptfile": KPTFILE})
            await register(client, here.namespace, repository.name, git.url_of(repository))
        await numbered(client, here.namespace, REPOSITORIES, prefix="r")


def _a_period(ours: Ours, git: GitServer) -> list[Result]:
    cpu, served, requests = ours.cpu_seconds(), len(git.served), ours.api_requests()
    time.sleep(POLL.total_seconds())
    case = f"poll {REPOSITORIES} unchanged repositories"
    asked = len(git.served) - served
    return [
        Result(case, "CPU of the operator", ours.cpu_seconds()["operator"] - cpu["operator"], "s"),
        Result(case, "git requests per repository", asked / REPOSITORIES, ""),
        Result(case, "API requests", ours.api_requests() - requests, ""),
        Result(case, "RSS with workers", ours.operator.rss_mib(), "MiB", 400.0),
    ]


if __name__ == "__main__":
    main()
