"""What a pool does next, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from porch_function_runner.pods.plan import (
    Action,
    Assign,
    Drain,
    Fail,
    Failure,
    Remove,
    Start,
    settle,
    wake_at,
)
from porch_function_runner.pods.pool import CallId, Eviction, Limits, Pod, Pool, Stage

LIMITS = Limits(max_pods=3, queue_length=2, calls_per_pod=4, start_within=timedelta(seconds=60))


def pool(*pods: Pod, limits: Limits = LIMITS, calls: int = 0) -> Pool:
    """A pool that never did anything yet, in whose line so many calls are."""
    made = Pool(prefix="p-", template="t1", limits=limits, pods=pods)
    for number in range(calls):
        made = made.joined(CallId(number))
    return made


def pod(name: str, stage: Stage = Stage.READY, *, template: str = "t1", used_at: float = 0) -> Pod:
    return Pod(name=name, template=template, stage=stage, used_at=used_at)


def decided(made: Pool, now: float = 0) -> list[Action]:
    return settle(made, now)[1]


def assigned(actions: list[Action]) -> list[str]:
    return [each.pod for each in actions if isinstance(each, Assign)]


def started(actions: list[Action]) -> int:
    return sum(isinstance(each, Start) for each in actions)


def test_pods_are_started_together_one_for_each_queue_length() -> None:
    """Not one after the other: five callers at once wait for one start, not for three."""
    assert [started(decided(pool(calls=calls))) for calls in range(9)] == [
        0,
        *(1, 1, 2, 2),
        *(3, 3, 3, 3),
    ]


def test_calls_go_to_the_least_loaded_pod_and_then_to_the_one_unused_for_longest() -> None:
    """Ties would otherwise always fall on the same one."""
    ready = pool(pod("a", used_at=5), pod("b", used_at=3), pod("c", used_at=4), calls=3)

    assert assigned(decided(ready, 9)) == ["b", "c", "a"]


def test_a_pod_gets_more_than_its_queue_only_when_no_other_is_to_come() -> None:
    """The one that comes shall find work; without one, waiting would be for nothing."""
    while_another_comes = pool(pod("a"), pod("b", Stage.STARTING), calls=4)
    alone = pool(pod("a"), calls=5, limits=replace(LIMITS, max_pods=1))

    assert assigned(decided(while_another_comes)) == ["a", "a"]
    assert assigned(decided(alone)) == ["a", "a", "a", "a"]


def test_a_pod_that_is_stuck_keeps_no_call_from_a_ready_one() -> None:
    """It may never come."""
    stuck = replace(pod("b", Stage.STARTING), trouble="no node")

    assert assigned(decided(pool(pod("a"), stuck, calls=3))) == ["a", "a", "a"]


def test_a_failed_start_fails_those_who_wait_with_what_the_kubelet_said() -> None:
    """Within seconds, not after the whole time that a start may take."""
    waiting, _ = settle(pool(calls=1), 0)
    failed = waiting.troubled("p-1", 'ErrImagePull: "x" not found', until=1)

    assert decided(failed, 1) == [
        Remove("p-1", Eviction.NEVER_READY),
        Fail(CallId(0), Failure.NO_POD, 'ErrImagePull: "x" not found'),
    ]


def test_for_a_while_after_a_failed_start_calls_fail_at_once_and_then_one_pod_is_tried() -> None:
    """A broken image must not be pulled for each call; nor for ever be taken for broken."""
    refused, _ = settle(settle(pool(calls=1), 0)[0].troubled("p-1", "no image", until=1), 1)

    early = decided(refused.joined(CallId(7)), 10.9)
    late = decided(refused.joined(CallId(7)).joined(CallId(8)).joined(CallId(9)), 11)

    assert early == [Fail(CallId(7), Failure.NO_POD, "no image")]
    assert late == [Start("p-2")]


def test_each_further_failure_is_remembered_for_longer() -> None:
    """Up to two minutes."""
    assert [LIMITS.refusal_span(failures) for failures in (1, 2, 3, 4, 5, 50)] == [
        *(10, 20, 40, 80),
        *(120, 120),
    ]


def test_a_failed_start_fails_no_call_that_another_pod_can_take() -> None:
    """Scale-out failing is no reason to fail."""
    failing = pool(pod("a"), pod("b", Stage.STARTING), calls=4).troubled("b", "no", until=0)

    actions = decided(failing)

    assert Remove("b", Eviction.NEVER_READY) in actions
    assert assigned(actions) == ["a", "a", "a", "a"]


def test_a_call_whose_pod_goes_is_the_first_to_get_another() -> None:
    """It has waited for longest."""
    working, _ = settle(pool(pod("a"), calls=1, limits=replace(LIMITS, max_pods=1)), 0)
    waiting, _ = settle(working.gone("a", "pod a was deleted").joined(CallId(5)), 0)

    again = waiting.became_ready("p-1", 3)

    assert decided(again, 3) == [Assign(CallId(0), "p-1"), Assign(CallId(5), "p-1")]


def test_a_call_that_lost_two_pods_fails_with_what_befell_them() -> None:
    """It may be what kills them."""
    once, _ = settle(pool(pod("a"), pod("b"), calls=1), 0)
    twice, _ = settle(once.lost(CallId(0), "a", "connection reset", 0), 0)

    actions = decided(twice.lost(CallId(0), "b", "out of memory", 0))

    assert Fail(CallId(0), Failure.LOST, "out of memory") in actions


def test_pods_of_an_older_template_finish_their_calls_and_get_no_more() -> None:
    """A new template takes effect with the next call, and breaks none."""
    working, _ = settle(pool(pod("a"), calls=1), 0)
    changed, actions = settle(working.configured("t2", LIMITS), 1)

    assert actions == [Drain("a", Eviction.OUTDATED)]
    assert decided(changed.joined(CallId(9)), 2) == [Start("p-1")]
    assert decided(changed.ended(CallId(0), 3), 3) == [Remove("a", Eviction.OUTDATED)]


def test_a_pod_is_removed_when_nobody_used_it_for_the_time_to_live() -> None:
    """Counted from the end of its last call; a long call keeps it."""
    working, _ = settle(pool(pod("a"), calls=1), 0)
    minutes = LIMITS.idle.total_seconds()
    rested, _ = settle(working.ended(CallId(0), 5000), 5000)

    assert decided(working, 2 * minutes) == []
    assert wake_at(rested, 5000) == 5000 + minutes
    assert decided(rested, 5000 + minutes) == [Remove("a", Eviction.IDLE)]


def test_a_pod_that_is_not_ready_any_more_gets_no_calls_and_may_come_back() -> None:
    """A probe that failed once is not the end."""
    unready = pool(pod("a")).became_unready("a", "probe", 0).joined(CallId(1))

    assert assigned(decided(unready, 1)) == []
    assert assigned(decided(unready.became_ready("a", 2), 2)) == ["a"]
    assert Remove("a", Eviction.UNREADY) in decided(unready, 61)


def test_with_fewer_pods_allowed_the_least_used_ones_go() -> None:
    """The limit of a FunctionConfig holds for pods that are there."""
    fewer = pool(pod("a", used_at=9), pod("b", used_at=2)).configured(
        "t1", replace(LIMITS, max_pods=1)
    )

    assert decided(fewer) == [Drain("b", Eviction.SURPLUS), Remove("b", Eviction.SURPLUS)]


def test_a_full_line_refuses_the_newest_call() -> None:
    """Those before it have waited for longer."""
    full = pool(pod("a", Stage.STARTING), calls=3, limits=replace(LIMITS, max_waiting=2))

    assert Fail(CallId(2), Failure.FULL, "2 calls wait already") in decided(full)


def test_a_pool_is_warmed_with_one_pod_and_only_when_it_has_none() -> None:
    """Warm-up must not add to what was adopted."""
    assert decided(pool().warmed()) == [Start("p-1")]
    assert decided(pool(pod("a")).warmed()) == []


def test_an_adopted_pod_is_waited_for_rather_than_another_started() -> None:
    """After a restart of the runner its pods are used."""
    adopted = pool().adopted(pod("old", Stage.STARTING)).joined(CallId(1))

    assert decided(adopted) == []
    assert decided(adopted.became_ready("old", 1), 1) == [Assign(CallId(1), "old")]
