"""The work queue: nothing is lost, nothing runs twice at once, and errors decide what follows."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from porch.errors import Permanent, Transient, Waiting
from porch.runtime.apierrors import TooManyRequests
from porch.runtime.metrics import QueueMetrics, exposition
from porch.runtime.queue import DONE, QueueSettings, Result, WorkQueue
from tests.unit.runtime.virtual import run

Work = Callable[[str], Awaitable[Result]]


def a_queue(
    work: Work, limits: QueueSettings | None = None, *, registry: CollectorRegistry | None = None
) -> WorkQueue[str]:
    meter = QueueMetrics(registry or CollectorRegistry()).of("test")
    return WorkQueue("test", work, meter=meter, settings=limits)


@asynccontextmanager
async def running(queue: WorkQueue[str]) -> AsyncIterator[WorkQueue[str]]:
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.run())
        yield queue
        queue.stop()


def now() -> float:
    return asyncio.get_running_loop().time()


class Passes:
    """Records when each key was looked at; ends each pass as told."""

    def __init__(self, *endings: Result | Exception) -> None:
        self.at: list[float] = []
        self._endings = list(endings)

    async def __call__(self, key: str) -> Result:
        self.at.append(now())
        ending = self._endings.pop(0) if self._endings else DONE
        if isinstance(ending, Exception):
            raise ending
        return ending


def passes_until(
    work: Passes, *, seconds: float, limits: QueueSettings | None = None
) -> list[float]:
    """When one key, added at the begin, was looked at."""

    async def story() -> None:
        async with running(a_queue(work, limits)) as queue:
            queue.add("a")
            await asyncio.sleep(seconds)

    run(story())
    return work.at


def test_many_adds_before_a_pass_are_one_pass() -> None:
    """A burst of events of one object is one look at its last state."""

    async def story() -> list[float]:
        work = Passes()
        async with running(a_queue(work)) as queue:
            for _ in range(100):
                queue.add("a")
            await asyncio.sleep(1)
        return work.at

    assert len(run(story())) == 1


def test_an_add_during_a_pass_is_looked_at_afterwards() -> None:
    """The pass may have read the object before the change that the add tells of."""

    async def story() -> list[float]:
        starts = []

        async def work(key: str) -> Result:
            starts.append(now())
            await asyncio.sleep(10)
            return DONE

        async with running(a_queue(work)) as queue:
            queue.add("a")
            await asyncio.sleep(5)
            queue.add("a")
            queue.add("a")
            await asyncio.sleep(60)
        return starts

    assert run(story()) == [0, 10]


def test_an_error_to_retry_backs_off_for_ever_and_never_beyond_the_cap() -> None:
    """A git server that is away for a day must be found within minutes of its return."""
    work = Passes(*[Transient("git is away")] * 2000)
    at = passes_until(work, seconds=86_400)

    waits = [after - before for before, after in itertools.pairwise(at)]
    assert max(waits) <= 300
    assert max(waits) > 200
    assert sum(waits[:4]) <= 0.05 + 0.1 + 0.2 + 0.4
    assert len(at) > 86_400 / 300


def test_success_forgets_the_failures_before_it() -> None:
    """The next failure, a day later, is retried at once again."""
    fail = Transient("once")
    work = Passes(*[fail] * 12, Result(timedelta(seconds=1000)), fail)
    at = passes_until(work, seconds=5000)

    assert at[14] - at[13] <= 0.05


def test_a_wait_is_looked_at_again_after_its_time() -> None:
    """The event that it waits for may be one that we do not see."""
    at = passes_until(Passes(Waiting("no source"), Waiting("no source")), seconds=100)

    assert at == [0, 15, 30]


def test_a_stall_is_not_looked_at_again_before_an_event() -> None:
    """Retrying a permanent error costs everybody and helps nobody."""

    async def story() -> list[float]:
        work = Passes(Permanent("bad Kptfile"))
        async with running(a_queue(work)) as queue:
            queue.add("a")
            await asyncio.sleep(10_000)
            queue.add("a")
            await asyncio.sleep(10)
        return work.at

    assert run(story()) == [0, 10_000]


def test_an_event_does_not_wait_for_a_backoff() -> None:
    """A user who repairs the cause sees the effect at once."""

    async def story() -> list[float]:
        work = Passes(Result(timedelta(hours=1)))
        async with running(a_queue(work)) as queue:
            queue.add("a")
            await asyncio.sleep(5)
            queue.add("a")
            await asyncio.sleep(10_000)
        return work.at

    assert run(story()) == [0, 5]  # and the hour's wish fell with the pass at 5


def test_the_api_servers_wish_is_the_least_wait() -> None:
    """Coming back earlier than Retry-After makes an overload worse."""
    busy = TooManyRequests("busy", retry_after=timedelta(seconds=7))
    at = passes_until(Passes(busy), seconds=100)

    assert at[1] >= 7


def test_a_bug_is_logged_with_its_trace_and_backed_off(caplog: pytest.LogCaptureFixture) -> None:
    """One broken object must neither end the operator nor spin."""
    at = passes_until(Passes(KeyError("spec"), KeyError("spec")), seconds=100)

    assert len(at) == 3
    record = caplog.records[0]
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert record.__dict__["key"] == "a"


def test_of_several_errors_the_soonest_decides() -> None:
    """Steps that ran side by side fail as a group; one may be worth a retry."""
    group = ExceptionGroup("steps", [Permanent("x"), ExceptionGroup("inner", [Transient("y")])])
    at = passes_until(Passes(group), seconds=100)

    assert len(at) == 2
    assert at[1] <= 0.05


def test_a_bug_among_errors_is_told_as_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    """It must not hide behind an expected error of a sibling."""
    passes_until(Passes(ExceptionGroup("steps", [Permanent("x"), KeyError("y")])), seconds=100)

    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_later_look_survives_a_pass_that_asks_for_none() -> None:
    """`add_after` is a promise of its own, such as the end of a poll interval."""

    async def story() -> list[float]:
        work = Passes()
        async with running(a_queue(work)) as queue:
            queue.add_after("a", timedelta(seconds=30))
            queue.add_after("a", timedelta(seconds=20))
            queue.add_after("a", timedelta(seconds=25))
            queue.add("a")
            await asyncio.sleep(100)
        return work.at

    assert run(story()) == [0, 20]


def test_no_more_than_the_workers_run_at_once() -> None:
    """Renders and pushes must not all begin together after a restart."""

    async def story() -> tuple[int, float]:
        most = active = 0

        async def work(key: str) -> Result:
            nonlocal most, active
            active += 1
            most = max(most, active)
            await asyncio.sleep(1)
            active -= 1
            return DONE

        async with running(a_queue(work, QueueSettings(workers=4))) as queue:
            for number in range(20):
                queue.add(str(number))
            await asyncio.sleep(4.5)
            queue.stop()
        return most, now()

    assert run(story()) == (4, 5)


def test_a_stop_lets_what_runs_end_and_begins_nothing() -> None:
    """A publication that is under way is finished; the next replica takes the rest."""

    async def story() -> tuple[list[str], float]:
        ended = []

        async def work(key: str) -> Result:
            await asyncio.sleep(3)
            ended.append(key)
            return DONE

        async with running(a_queue(work, QueueSettings(workers=1))) as queue:
            queue.add("a")
            queue.add("b")
            await asyncio.sleep(1)
        return ended, now()

    assert run(story()) == (["a"], 3)


def test_a_stop_cuts_off_what_does_not_end() -> None:
    """The process must go before the kubelet kills it."""

    async def story() -> tuple[bool, float]:
        cancelled = False

        async def work(key: str) -> Result:
            nonlocal cancelled
            try:
                await asyncio.sleep(10_000)
            except asyncio.CancelledError:
                cancelled = True
                raise
            return DONE

        async with running(a_queue(work, QueueSettings(drain=timedelta(seconds=20)))) as queue:
            queue.add("a")
            await asyncio.sleep(1)
        return cancelled, now()

    assert run(story()) == (True, 21)


def test_progress_tells_a_stuck_pass_from_an_idle_queue() -> None:
    """Liveness kills an operator that hangs, never one that has nothing to do."""

    async def story() -> None:
        async def work(key: str) -> Result:
            await asyncio.sleep(50)
            return DONE

        async with running(a_queue(work, QueueSettings(workers=1))) as queue:
            await asyncio.sleep(1000)
            idle = queue.progress()
            queue.add("a")
            queue.add("b")
            await asyncio.sleep(40)
            busy = queue.progress()

            assert (idle.running, idle.oldest) == (0, timedelta())
            assert (busy.waiting, busy.running, busy.oldest) == (1, 1, timedelta(seconds=40))
            assert busy.since_end == timedelta(seconds=1040)

    run(story())


def test_metrics_tell_outcomes_waits_and_depth() -> None:
    """They are what an operator of the operator looks at first."""
    registry = CollectorRegistry()

    async def story() -> None:
        work = Passes(Transient("x"), Permanent("y"))
        async with running(a_queue(work, registry=registry)) as queue:
            queue.add("a")
            await asyncio.sleep(10)

    run(story())
    text = exposition(registry).decode()
    assert 'porch_queue_pass_seconds_count{outcome="retry",queue="test"} 1.0' in text
    assert 'porch_queue_pass_seconds_count{outcome="stall",queue="test"} 1.0' in text
    assert 'porch_queue_wait_seconds_count{queue="test"} 2.0' in text
    assert 'porch_queue_depth{queue="test"} 0.0' in text
    assert 'porch_queue_running{queue="test"} 0.0' in text


def test_a_queue_keeps_nothing_of_keys_that_are_done() -> None:
    """Objects come and go for months; memory must not grow with them."""

    async def story() -> int:
        async with running(a_queue(Passes())) as queue:
            for number in range(1000):
                queue.add(str(number))
            await asyncio.sleep(1)
            return len(queue._entries)

    assert run(story()) == 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32 - 1), timers=st.booleans())
def test_no_add_is_lost_and_no_key_runs_twice_at_once(seed: int, timers: bool) -> None:
    """Whatever the order of adds, waits, errors and ends: after each add a pass begins."""
    dice = random.Random(seed)  # noqa: S311 (a replayable scenario)
    active: Counter[str] = Counter()
    added: dict[str, float] = {}
    started: dict[str, float] = {}

    async def work(key: str) -> Result:
        active[key] += 1
        assert active[key] == 1
        started[key] = now()
        await asyncio.sleep(dice.choice([0, 0, 0.01, 1, 5]))
        active[key] -= 1
        ending = dice.randrange(7)
        if not timers:  # without them nothing can make good for an add that was lost
            ending = max(ending, 4)
        if ending == 0:
            raise Transient("again")
        if ending == 1:
            raise Waiting("later")
        if ending == 2:
            return Result(timedelta(seconds=3))
        if ending == 4:
            raise Permanent("never")
        return DONE

    async def story() -> None:
        async with running(
            a_queue(work, QueueSettings(workers=3, wait=timedelta(seconds=2)))
        ) as queue:
            for _ in range(200):
                key = dice.choice("abcdef")
                if timers and dice.random() < 0.2:
                    queue.add_after(key, timedelta(seconds=dice.choice([0, 0.5, 4])))
                else:
                    queue.add(key)
                    added[key] = now()
                await asyncio.sleep(dice.choice([0, 0, 0, 0.01, 0.3]))
            await asyncio.sleep(600)

    run(story())
    assert all(started[key] >= at for key, at in added.items())
