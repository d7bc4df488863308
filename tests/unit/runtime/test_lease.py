"""The Lease: at no instant may two processes believe that they may write."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.runtime.lease import Lease, LeaseSettings, NotLeading
from porch.runtime.resources import ObjectKey
from tests.unit.runtime.memoryserver import Line, MemoryServer
from tests.unit.runtime.virtual import VirtualLoop, run

KEY = ObjectKey("porch-system", "shard-0")
PATH = "/apis/coordination.k8s.io/v1/namespaces/porch-system/leases/shard-0"


def now() -> float:
    return asyncio.get_running_loop().time()


def a_lease(line: Line, identity: str, *, clock: Callable[[], float] = now) -> Lease:
    return Lease(line.client(), KEY, identity=identity, clock=clock)


@asynccontextmanager
async def contending(*leases: Lease) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lease.run()) for lease in leases]
        yield
        for task in tasks:
            task.cancel()


def may_write(lease: Lease) -> bool:
    try:
        lease.check()
    except NotLeading:
        return False
    return True


def test_a_lease_is_held_and_renewed() -> None:
    """An hour of nothing happening stays an hour of holding."""

    async def story() -> None:
        server = MemoryServer()
        lease = a_lease(Line(server), "one")
        async with contending(lease):
            await lease.acquired()
            for _ in range(3600):
                await asyncio.sleep(1)
                lease.check()

        spec = server.objects[PATH]["spec"]
        assert spec["leaseTransitions"] == 1
        assert not spec.get("holderIdentity")

    run(story())


def test_nobody_may_write_before_holding() -> None:
    """A process that has just started is not a leader."""

    async def story() -> None:
        with pytest.raises(NotLeading):
            a_lease(Line(MemoryServer()), "one").check()

    run(story())


def test_a_released_lease_is_taken_at_once() -> None:
    """A roll-out must not cost fifteen seconds."""

    async def story() -> float:
        server = MemoryServer()
        first, second = a_lease(Line(server), "one"), a_lease(Line(server), "two")
        async with contending(first):
            await first.acquired()
        begin = now()
        async with contending(second):
            await second.acquired()
            return now() - begin

    assert run(story()) < 0.2


def test_a_dead_holder_is_replaced_after_its_time() -> None:
    """Not before the stated duration, as seen here, and not much later."""

    async def story() -> float:
        server = MemoryServer()
        dead, other = Line(server), Line(server)
        first, second = a_lease(dead, "one"), a_lease(other, "two")
        async with contending(first, second):
            await first.acquired()
            await asyncio.sleep(100)
            dead.is_cut = True
            begin = now()
            await second.acquired()
            return now() - begin

    assert 12 < run(story()) < 20


def test_a_holder_that_cannot_renew_stops_before_another_begins() -> None:
    """The gap is what a write under way has to end."""

    async def story() -> tuple[float, float]:
        server = MemoryServer()
        bad = Line(server)
        first, second = a_lease(bad, "one"), a_lease(Line(server), "two")
        async with contending(first, second):
            await first.acquired()
            await asyncio.sleep(50)
            bad.is_cut = True
            await first.lost()
            stopped = now()
            await second.acquired()
            return stopped, now()

    stopped, begun = run(story())
    assert begun - stopped > 3


def test_a_holder_whose_answers_are_lost_stops_as_well() -> None:
    """The server renews for it, and yet it must not count on what it does not know."""

    async def story() -> bool:
        server = MemoryServer()
        deaf = Line(server)
        lease = a_lease(deaf, "one")
        async with contending(lease):
            await lease.acquired()
            deaf.is_deaf = True
            await asyncio.sleep(11)
            return may_write(lease)

    assert run(story()) is False


def test_a_renewal_that_gets_no_answer_leaves_time_for_another() -> None:
    """A connection that died without a word must not cost the Lease."""

    async def story() -> bool:
        line = Line(MemoryServer())
        lease = a_lease(line, "one")
        async with contending(lease):
            await lease.acquired()
            line.seconds = 3600
            await asyncio.sleep(3)  # a renewal is under way, for an hour
            line.seconds = 0.01
            await asyncio.sleep(60)
            return may_write(lease)

    assert run(story()) is True


def test_a_process_that_was_stopped_finds_out_before_it_writes() -> None:
    """SIGSTOP, a suspended machine: the next check, not the next renewal, must tell."""

    async def story() -> bool:
        lease = a_lease(Line(MemoryServer()), "one")
        async with contending(lease):
            await lease.acquired()
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.advance(20)
            return may_write(lease)

    assert run(story()) is False


def test_clocks_that_differ_by_hours_change_nothing() -> None:
    """Only what is measured here counts; the times in the object are for people."""

    async def story() -> None:
        server = MemoryServer()
        first = a_lease(Line(server), "one")
        second = a_lease(Line(server), "two", clock=lambda: now() + 86_400)
        async with contending(first, second):
            await first.acquired()
            server.objects[PATH]["spec"]["renewTime"] = "1970-01-01T00:00:00.000000Z"
            await asyncio.sleep(300)
            first.check()
            assert not may_write(second)

    run(story())


def test_a_lease_that_was_deleted_is_made_anew() -> None:
    """Somebody cleaned up; the holder stays the holder."""

    async def story() -> None:
        server = MemoryServer()
        lease = a_lease(Line(server), "one")
        async with contending(lease):
            await lease.acquired()
            await asyncio.sleep(1)
            del server.objects[PATH]
            await asyncio.sleep(30)
            lease.check()

    run(story())


@pytest.mark.parametrize(
    ("duration", "deadline", "retry"), [(15, 15, 2), (15, 10, 10), (0.5, 0.2, 0.1)]
)
def test_settings_that_cannot_be_safe_are_refused(
    duration: float, deadline: float, retry: float
) -> None:
    """A deadline at or beyond the duration is two writers."""
    with pytest.raises(ValueError, match="must"):
        LeaseSettings(
            duration=timedelta(seconds=duration),
            renew_deadline=timedelta(seconds=deadline),
            retry=timedelta(seconds=retry),
        )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32 - 1))
def test_there_are_never_two_writers(seed: int) -> None:
    """Whatever is cut, slow, deaf or restarted, in whatever order."""
    dice = random.Random(seed)  # noqa: S311 (a replayable scenario)

    async def life(line: Line, name: str, alive: dict[str, Lease]) -> None:
        for generation in range(1000):
            lease = alive[name] = a_lease(line, f"{name}-{generation}")
            try:
                async with asyncio.timeout(dice.choice([5, 30, 200])):
                    await lease.run()
            except TimeoutError:
                await asyncio.sleep(dice.choice([0, 1, 10]))

    async def story() -> None:
        server = MemoryServer()
        lines = [Line(server, seconds=dice.choice([0.001, 0.1, 1])) for _ in range(3)]
        alive: dict[str, Lease] = {}
        led = 0
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(life(line, f"p{number}", alive))
                for number, line in enumerate(lines)
            ]
            for _ in range(600):
                await asyncio.sleep(0.5)
                line = dice.choice(lines)
                line.is_cut = dice.random() < 0.2
                line.is_deaf = dice.random() < 0.2
                writers = sum(may_write(lease) for lease in alive.values())
                assert writers <= 1
                led += writers
            for task in tasks:
                task.cancel()
        assert led > 0

    run(story())
