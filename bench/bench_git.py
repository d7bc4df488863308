"""The git adapter against a real git server over HTTP on loopback.

Workload  a package of six small files; 60 runs of each step, after 5 to warm up; 20 publications
          that come together; a repository of 2,000 published revisions (400 packages of 5), each a
          draft commit and a merge. Server: `git http-backend`, one process tree a request.
Ways      smart HTTP spoken by ourselves, and the git program, on the same steps: the difference is
          why there are both. `server` is the part of a step that the server's backend took.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bench.recording import write
from bench.results import Result
from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
from porch.storage.adapter import (
    Identity,
    Publish,
    PutDraft,
    RevisionId,
    Stored,
    StoredRevision,
    Task,
)
from porch.storage.git.messages import approval_message, draft_message
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener

T = TypeVar("T")

RUNS = 60
WARM_UP = 5
TOGETHER = 20
PACKAGES, REVISIONS = 400, 5
LISTINGS = 3

AUTHOR = Identity("bench", "bench@example.com")
INIT = Task("init", {"description": "a package"})
PUBLISH_TARGET_MS = 80.0


def main() -> None:
    """Measure everything and write bench/results/git.json."""
    write("git", asyncio.run(_measure()))


async def _measure() -> list[Result]:
    with (
        tempfile.TemporaryDirectory() as directory,
        GitServer(Path(directory) / "server") as server,
    ):
        place = Path(directory)
        return [
            *await steps(server, place, by_program=False),
            *await steps(server, place, by_program=True),
            *await together(server, place),
            *await large(server, place),
        ]


async def steps(server: GitServer, place: Path, *, by_program: bool) -> list[Result]:
    """One user's steps, one after the other."""
    way = "git program" if by_program else "smart HTTP"
    times: dict[str, list[float]] = {}
    async with opened(server, place, way, by_program=by_program) as (repository, remote):
        for number in range(WARM_UP + RUNS):
            if number == WARM_UP:
                times = {}
            async for name, seconds in _life(repository, remote, server, number):
                times.setdefault(name, []).append(seconds * 1000)
    results = []
    for name, taken in times.items():
        is_promised = name == "publish" and not by_program
        target = PUBLISH_TARGET_MS if is_promised else None
        results += [
            Result(f"{name}, {way}", "median", statistics.median(taken), "ms", target),
            Result(f"{name}, {way}", "p99", statistics.quantiles(taken, n=100)[-1], "ms"),
        ]
    return results


async def _life(
    repository: GitRepository, remote: Repository, server: GitServer, number: int
) -> AsyncIterator[tuple[str, float]]:
    id_ = RevisionId(f"team/p{number % 20}", f"w{number}")
    content = package(number)
    timed = Timer()
    put = stored(await timed(repository.apply(draft(id_, content))))
    yield "put a draft", timed.seconds
    proposed = stored(
        await timed(repository.apply(draft(id_, content, over=put, lifecycle=Lifecycle.PROPOSED)))
    )
    yield "propose", timed.seconds
    server.served.clear()
    await timed(repository.apply(publication(id_, content, over=proposed)))
    yield "publish", timed.seconds
    yield "publish: server", sum(each.took.total_seconds() for each in server.served if each.took)
    await timed(repository.observe())
    yield "observe, nothing changed", timed.seconds
    remote.commit({f"by-hand/f{number}": "x"})
    await timed(repository.observe())
    yield "observe, after an external push", timed.seconds


async def together(server: GitServer, place: Path) -> list[Result]:
    """Publications that come at the same time share a push."""
    times = []
    async with opened(server, place, "together") as (repository, _):
        for run in range(10):
            ids = [RevisionId(f"p{number}", f"w{run}") for number in range(TOGETHER)]
            timed = Timer()
            changes = (publication(each, package(run)) for each in ids)
            await timed(asyncio.gather(*map(repository.apply, changes)))
            times.append(timed.seconds * 1000)
    case = f"{TOGETHER} publications together"
    return [
        Result(case, "median", statistics.median(times), "ms"),
        Result(case, "each", statistics.median(times) / TOGETHER, "ms"),
    ]


async def large(server: GitServer, place: Path) -> list[Result]:
    """A repository of many revisions: first contact, and life with it."""
    count = PACKAGES * REVISIONS
    cold, warm, changed, publish = [], [], [], []
    remote = server.create_repository("large", files={"README.md": "x"})
    remote.git("fast-import", "--quiet", stdin=b"".join(_history(remote)))
    remote.git("pack-refs", "--all")  # as servers do now and then
    for run in range(LISTINGS):
        opener = Opener(server.url_of(remote), place / f"large-{run}")
        timed = Timer()
        first = await opener()
        snapshot = await timed(first.observe())
        cold.append(timed.seconds * 1000)
        assert len(snapshot.revisions) >= count + PACKAGES
        again = await opener(at="clone-0")
        await timed(again.observe())
        warm.append(timed.seconds * 1000)
        for number in range(10):
            id_ = RevisionId(f"package-{number}", f"new-{run}")
            await timed(again.apply(publication(id_, package(number))))
            publish.append(timed.seconds * 1000)
            remote.commit({f"by-hand/f{run}-{number}": "x"})
            await timed(again.observe())
            changed.append(timed.seconds * 1000)
        await opener.close()
    case = f"repository of {count} revisions"
    return [
        Result(case, "first listing, fetch included", statistics.median(cold), "ms"),
        Result(case, "first listing, clone on disk", statistics.median(warm), "ms"),
        Result(case, "observe after an external push", statistics.median(changed), "ms"),
        Result(case, "publish", statistics.median(publish), "ms", PUBLISH_TARGET_MS),
    ]


def _history(remote: Repository) -> Iterator[bytes]:
    """Publications as `git fast-import` reads them: a draft commit, a merge, a tag."""
    who = f"{AUTHOR.name} <{AUTHOR.email}> 1700000000 +0000\n"
    head, mark = remote.refs()["refs/heads/main"], 0
    for number in range(1, REVISIONS + 1):
        for package_number in range(PACKAGES):
            full, workspace = f"package-{package_number}", f"w{number}"
            mark += 2
            files = [
                f"M 100644 inline {full}/{path}\n{_data(file.data or b'')}"
                for path, file in package(number).items()
            ]
            message = draft_message(full, workspace, INIT)
            yield (
                f"commit refs/build/draft\nmark :{mark - 1}\nauthor {who}committer {who}"
                f"{_data(message.encode())}from {head}\n{''.join(files)}\n"
            ).encode()
            message = approval_message(full, workspace, number)
            yield (
                f"commit refs/heads/main\nmark :{mark}\nauthor {who}committer {who}"
                f"{_data(message.encode())}from {head}\nmerge :{mark - 1}\n{''.join(files)}\n"
                f"reset refs/tags/{full}/v{number}\nfrom :{mark}\n\n"
            ).encode()
            head = f":{mark}"


def _data(content: bytes) -> str:
    return f"data {len(content)}\n{content.decode()}\n"


class Timer:
    """How long the last thing took that it waited for."""

    seconds = 0.0

    async def __call__(self, work: Awaitable[T]) -> T:
        """Wait, and measure."""
        started = time.perf_counter()
        found = await work
        self.seconds = time.perf_counter() - started
        return found


@asynccontextmanager
async def opened(
    server: GitServer, place: Path, name: str, *, by_program: bool = False
) -> AsyncIterator[tuple[GitRepository, Repository]]:
    """A fresh repository, seen once."""
    remote = server.create_repository(name.replace(" ", "-"), files={"README.md": "x"})
    opener = Opener(server.url_of(remote), place / name, by_program=by_program)
    repository = await opener()
    await repository.observe()
    yield repository, remote
    await opener.close()


def package(number: int) -> Content:
    """A package of six small files, one of which `number` decides."""
    texts = {f"resource-{each}.yaml": "kind: ConfigMap\n" * 40 for each in range(4)}
    return Content.from_texts(
        {"Kptfile": "kind: Kptfile\n", **texts, "sub/changed.yaml": f"n: {number}\n"}
    )


def draft(
    id_: RevisionId,
    content: Content,
    *,
    over: StoredRevision | None = None,
    lifecycle: Lifecycle = Lifecycle.DRAFT,
) -> PutDraft:
    """The change that stores a draft or a proposal."""
    return PutDraft(id_, lifecycle, content, INIT, AUTHOR, over.version if over else None)


def publication(
    id_: RevisionId, content: Content, *, over: StoredRevision | None = None
) -> Publish:
    """The change that publishes."""
    return Publish(id_, content, INIT, AUTHOR, over.version if over else None)


def stored(outcome: object) -> StoredRevision:
    """The revision that a change stored."""
    assert isinstance(outcome, Stored), outcome
    assert outcome.revision is not None
    return outcome.revision


if __name__ == "__main__":
    main()
