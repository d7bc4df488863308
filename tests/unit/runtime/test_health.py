"""Health: a process that hangs is killed, one that has nothing to do is not."""

import asyncio
import time
from datetime import timedelta

import aiohttp
from prometheus_client import CollectorRegistry

from porch.runtime.health import happened, hears, moves, serve
from porch.runtime.metrics import QueueMetrics
from porch.runtime.queue import Progress

NOW = timedelta()
MINUTE = timedelta(minutes=1)


def progress(
    *, waiting: int = 0, running: int = 0, oldest: timedelta = NOW, since_end: timedelta = NOW
) -> Progress:
    return Progress(waiting=waiting, running=running, oldest=oldest, since_end=since_end)


def test_an_idle_queue_moves() -> None:
    """Nothing to do is no reason to die."""
    assert moves(lambda: progress(since_end=10 * MINUTE), within=MINUTE)() == ""


def test_a_pass_that_runs_too_long_does_not_move() -> None:
    """It holds its key for ever."""
    check = moves(lambda: progress(running=1, oldest=2 * MINUTE), within=MINUTE)

    assert check() == "a pass runs for 0:02:00"


def test_keys_that_nobody_takes_do_not_move() -> None:
    """All workers are gone."""
    check = moves(lambda: progress(waiting=3, since_end=2 * MINUTE), within=MINUTE)

    assert check() == "3 keys wait and nobody works"


def test_a_watch_that_hears_nothing_is_dead() -> None:
    """Bookmarks come each minute, whatever happens in the cluster."""
    assert hears(time.monotonic, within=MINUTE)() == ""
    assert "0:10:00" in hears(lambda: time.monotonic() - 600, within=MINUTE)()


async def test_each_path_answers_for_its_own_checks() -> None:
    """Not ready is no reason for a restart."""
    registry = CollectorRegistry()
    QueueMetrics(registry).of("revisions").depth(5)
    synced = asyncio.Event()
    async with (
        serve(
            0,
            live={"queue": lambda: ""},
            ready={"sync": happened(synced, what="the first list")},
            registry=registry,
            host="127.0.0.1",
        ) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(path) as answer:
                return answer.status, await answer.text()

        assert await ask("/healthz") == (200, "[+] queue\n")
        assert await ask("/readyz") == (503, "[-] sync: the first list has not happened yet\n")
        synced.set()
        assert await ask("/readyz") == (200, "[+] sync\n")
        status, text = await ask("/metrics")
        assert status == 200
        assert 'porch_queue_depth{queue="revisions"} 5.0' in text
