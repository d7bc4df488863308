"""Another system with the same API, measured beside ours in one run: both see the same machine.

It is named by the environment:
    PORCH_BENCH_URL           base URL of its API server
    PORCH_BENCH_TOKEN         bearer token of a user who may do everything with our kinds
    PORCH_BENCH_CA            file with the authority of its certificate; without: the machine's
    PORCH_BENCH_KUBECONFIG    instead of the three
    PORCH_BENCH_NAMESPACE     where its Repositories are; must exist ("default")
    PORCH_BENCH_LABEL         what it is called in the results ("other")
    PORCH_BENCH_REPOSITORIES  registered Repositories to use, separated by commas; without, each run
                              registers its own on a git server that it starts on loopback, so the
                              other system must run on this machine, and removes them afterwards
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.registering import unregister_all
from bench.world import World, registered, repositories_on
from porch.runtime.connection import Connection, FixedHeader, trust
from porch.runtime.kubeconfig import load_kubeconfig
from porch_devcluster.gitserver.server import GitServer

PREFIX = "PORCH_BENCH_"


@dataclass(frozen=True, slots=True)
class Other:
    """How to reach another system."""

    label: str
    access: Callable[[], Connection]
    namespace: str
    repositories: tuple[str, ...]  # registered ones; () = each run registers its own


def other(environment: Mapping[str, str]) -> Other | None:
    """The system that the environment names, if it names one."""
    given = {name: environment.get(f"{PREFIX}{name}", "") for name in _NAMES}
    if not (given["URL"] or given["KUBECONFIG"]):
        return None
    return Other(
        given["LABEL"] or "other",
        _access(given),
        given["NAMESPACE"] or "default",
        tuple(filter(None, given["REPOSITORIES"].split(","))),
    )


_NAMES = ("URL", "TOKEN", "CA", "KUBECONFIG", "NAMESPACE", "LABEL", "REPOSITORIES")


def _access(given: Mapping[str, str]) -> Callable[[], Connection]:
    if given["KUBECONFIG"]:
        return partial(load_kubeconfig, [Path(given["KUBECONFIG"])])
    if not given["TOKEN"]:
        raise SystemExit(f"{PREFIX}URL needs {PREFIX}TOKEN to be set, and it is not")
    authority = Path(given["CA"]) if given["CA"] else None
    return lambda: Connection(
        given["URL"].rstrip("/"),
        FixedHeader(f"Bearer {given['TOKEN']}"),
        trust(ca_file=authority) if given["URL"].startswith("https:") else None,
    )


@contextmanager
def other_world(system: Other, count: int) -> Iterator[World]:
    """The other system with so many registered repositories."""
    mark = f"b{time.time_ns() // 1_000_000:x}-"  # what earlier runs published is still there
    bare = World(system.access, system.namespace, (), None, None, mark)
    if not system.repositories:
        with _registering(bare, count) as world:
            yield world
        return
    if len(system.repositories) < count:
        raise SystemExit(
            f"{PREFIX}REPOSITORIES must name {count} registered repositories, "
            f"found {len(system.repositories)}"
        )
    yield replace(bare, repositories=system.repositories[:count])


@contextmanager
def _registering(bare: World, count: int) -> Iterator[World]:
    """With repositories of our own, until the end of the context."""
    with (
        tempfile.TemporaryDirectory(prefix="porch-bench-") as folder,
        GitServer(Path(folder)) as git,
    ):
        try:
            urls = repositories_on(git, count, mark=bare.mark)
            yield registered(replace(bare, git=git), urls)
        finally:
            asyncio.run(_unregister(bare))


async def _unregister(world: World) -> None:
    async with world.client() as client:
        await unregister_all(client, world.namespace, mark=world.mark)
