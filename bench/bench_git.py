"""The git adapter against a git server over HTTP on loopback: writes, listings, pushes together.

Package   six files, as in the life cycle's benchmark. Every time is a whole call of the adapter,
          as its caller waits for it; the server's own processes are part of it.
Two ways  HTTP spoken by ourselves, and the git program, which is there for other protocols.
Targets   none of their own: the life cycle's budget is where they count.
"""

import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bench.results import Result, write
from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
from porch.storage.adapter import (
    Identity,
    Publish,
    PutDraft,
    RepositoryAdapter,
    RevisionId,
    Stored,
    Task,
)
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener

RUNS = 60
WARM_UP = 5
TOGETHER = 20
BATCHES = 12
REVISIONS = 2000
LISTINGS = 5

AUTHOR = Identity("bench", "bench@example.com")
TASK = Task("init")

Action = Callable[[int], Awaitable[None]]


def main() -> None:
    """Measure everything and write bench/results/git.json."""
    with tempfile.TemporaryDirectory() as directory, GitServer(Path(directory) / "git") as server:
        write("git", asyncio.run(measured(server, Path(directory))))


async def measured(server: GitServer, directory: Path) -> list[Result]:
    results: list[Result] = []
    for by_program in (False, True):
        way = "git program" if by_program else "smart HTTP"
        name = way.replace(" ", "-")
        served = server.create_repository(name, files={"README.md": "bench"})
        opener = Opener(server.url_of(served), directory / name, by_program)
        async with opening(opener) as repository:
            results += await writing(repository, way)
            results += await listing(repository, served, way)
    many = server.create_repository("many", files={"README.md": "bench"})
    publish_past_the_server(many)
    return results + await listing_many(Opener(server.url_of(many), directory / "many"))


@asynccontextmanager
async def opening(opener: Opener) -> AsyncIterator[RepositoryAdapter]:
    """A repository, listed once."""
    repository = await opener()
    await repository.observe()
    yield repository
    await opener.close()


async def writing(repository: RepositoryAdapter, way: str) -> list[Result]:
    async def put(number: int) -> None:
        id_ = RevisionId(f"draft-{number}", "v1")
        change = PutDraft(id_, Lifecycle.DRAFT, package(number), TASK, AUTHOR, None)
        assert isinstance(await repository.apply(change), Stored)

    async def publish(number: int, prefix: str = "published") -> None:
        id_ = RevisionId(f"{prefix}-{number}", "v1")
        change = Publish(id_, package(number), TASK, AUTHOR, None)
        assert isinstance(await repository.apply(change), Stored)

    async def publish_together(batch: int) -> None:
        await asyncio.gather(*(publish(each, f"batch-{batch}") for each in range(TOGETHER)))

    return [
        *summary(f"{way}: PutDraft", await times(put)),
        *summary(f"{way}: Publish alone", await times(publish)),
        *summary(
            f"{way}: {TOGETHER} Publish together",
            await times(publish_together, runs=BATCHES, warm_up=1),
        ),
    ]


async def listing(repository: RepositoryAdapter, served: Repository, way: str) -> list[Result]:
    async def observe(_: int) -> None:
        await repository.observe()

    pushed: list[float] = []
    for number in range(RUNS):
        commit = served.commit({f"outside-{number}/Kptfile": "kind: Kptfile\n"})
        start = time.perf_counter()
        snapshot = await repository.observe()
        pushed.append(time.perf_counter() - start)
        assert snapshot.head == commit
    return [
        *summary(f"{way}: observe, unchanged", await times(observe)),
        *summary(f"{way}: observe after a push from outside", pushed),
    ]


async def listing_many(opener: Opener) -> list[Result]:
    """The first listing with a new clone, the fetch included; then one that finds nothing new."""
    first: list[float] = []
    for _ in range(LISTINGS):
        repository = await opener()
        start = time.perf_counter()
        snapshot = await repository.observe()
        first.append(time.perf_counter() - start)
        published = [each for each in snapshot.revisions.values() if each.revision > 0]
        assert len(published) == REVISIONS

    async def observe(_: int) -> None:
        await repository.observe()

    again = await times(observe)
    await opener.close()
    case = f"smart HTTP: observe {REVISIONS} revisions"
    return [*summary(f"{case}, new clone", first), *summary(f"{case}, unchanged", again)]


async def times(action: Action, *, runs: int = RUNS, warm_up: int = WARM_UP) -> list[float]:
    """Seconds of each run; `action` is given a number of its own."""
    found: list[float] = []
    for number in range(warm_up + runs):
        start = time.perf_counter()
        await action(number)
        found.append(time.perf_counter() - start)
    return found[warm_up:]


def summary(case: str, seconds: list[float]) -> list[Result]:
    """Median and 99th percentile; the latter is the slowest run while there are fewer than 100."""
    slow = sorted(seconds)[math.ceil(len(seconds) * 0.99) - 1]
    return [
        Result(case, "median", statistics.median(seconds) * 1000, "ms"),
        Result(case, f"p99 of {len(seconds)}", slow * 1000, "ms"),
    ]


def package(number: int) -> Content:
    """Six small files of which two are this package's own."""
    head = "apiVersion: v1\nmetadata:\n  name: web\n"
    return Content.from_texts(
        {
            "Kptfile": f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p{number}\n",
            "README.md": "# Web\n" + "About this package.\n" * 20,
            "configmap.yaml": f"{head}kind: ConfigMap\ndata:\n  number: '{number}'\n",
            "deployment.yaml": f"{head}kind: Deployment\nspec: {{}}\n" * 10,
            "package-context.yaml": f"{head}kind: ConfigMap\n",
            "service.yaml": f"{head}kind: Service\nspec:\n  ports:\n  - port: 80\n",
        }
    )


def publish_past_the_server(served: Repository) -> None:
    """Many annotated publications, made by git itself: ten of each package."""
    stream, tags = bytearray(), []
    for number in range(REVISIONS):
        name, version = f"package-{number // 10}", number % 10 + 1
        line = f'kpt:{{"package":"{name}","workspaceName":"w{version}","revision":"{version}"}}'
        message = f"Approving package revision {name}/{version}\n\n{line}\n".encode()
        parent = "from refs/heads/main^0\n" if number == 0 else ""
        who = f"bench <bench@example.com> {1_700_000_000 + number} +0000"
        stream += f"commit refs/heads/main\nmark :{number + 1}\n".encode()
        stream += f"author {who}\ncommitter {who}\ndata {len(message)}\n".encode() + message
        stream += parent.encode()
        for path, file in package(number).items():
            data = file.data or b""
            stream += f"M 100644 inline {name}/{path}\ndata {len(data)}\n".encode() + data + b"\n"
        tags.append(f"reset refs/tags/{name}/v{version}\nfrom :{number + 1}\n\n")
    served.git("fast-import", "--quiet", stdin=bytes(stream) + "".join(tags).encode())


if __name__ == "__main__":
    main()
