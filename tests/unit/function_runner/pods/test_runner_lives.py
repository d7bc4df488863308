"""When the pods of another runner are nobody's."""

from __future__ import annotations

from datetime import timedelta

from porch.api.meta import ObjectMeta
from porch_function_runner.pods.runners import LeaseSpec, RunnerLease, Runners, lease_name


class World:
    """Runners as this one sees them, at a time of the test's choice."""

    def __init__(self) -> None:
        self.now = 100.0
        self.runners = Runners(timedelta(seconds=30), clock=lambda: self.now)

    def lease(self, version: str, *, holder: str | None = "r2", seconds: int = 15) -> None:
        meta = ObjectMeta(name=lease_name("r2"), resource_version=version)
        self.runners.seen(RunnerLease(meta, LeaseSpec(holder, seconds)))


def test_a_runner_is_alive_for_the_duration_of_its_lease_after_each_renewal() -> None:
    """By our own clock: the times in the Lease are those of another machine."""
    world = World()
    world.lease("1")
    world.now += 14
    world.lease("2")
    world.now += 14

    assert world.runners.left("r2") == 1
    world.now += 1
    assert world.runners.left("r2") == 0


def test_a_lease_that_is_seen_again_unchanged_is_no_sign_of_life() -> None:
    """A watch that begins again tells everything anew."""
    world = World()
    world.lease("1")
    world.now += 15
    world.lease("1")

    assert world.runners.left("r2") == 0


def test_a_released_lease_is_the_end_at_once() -> None:
    """A runner that was stopped hands its pods over without a wait."""
    world = World()
    world.lease("1")
    world.lease("2", holder=None, seconds=1)

    assert world.runners.left("r2") == 0


def test_a_runner_without_a_lease_is_given_time_to_show_one() -> None:
    """Its pods may be seen before its Lease is."""
    world = World()

    assert world.runners.left("r2") == 30
    world.now += 30
    assert world.runners.left("r2") == 0


def test_leases_of_others_are_none_of_ours() -> None:
    """Anybody may have Leases in the namespace."""
    world = World()
    world.runners.seen(RunnerLease(ObjectMeta(name="r2", resource_version="1"), LeaseSpec("x", 60)))

    assert world.runners.left("r2") == 30
