"""What a pool does next: decided from its state alone, and carried out on the state as well.

Pure and total. `settle` returns the pool in which nothing more is to be done now, and the actions
that lead there, in order; the edge carries them out and tells their outcome as events.

Removal   leaving pods without calls, pods at their deadline, idle pods.
Drain     pods of an older template, and those beyond the maximum.
Failure   calls that lost too many pods; calls beyond the line's length; every waiting call when
          a start failed and no pod is left that could take it.
Choice    the least loaded pod, of several the one that has been unused for longest. A pod gets
          `queue_length` calls; more only when no other pod is to be expected.
Growth    one pod for each `queue_length` calls, waiting and running, started at once, up to
          `max_pods`. After a failed start, one at a time until one is ready.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from porch_function_runner.pods.pool import (
    FOREVER,
    CallId,
    Eviction,
    Pod,
    Pool,
    Refusal,
    Stage,
    Waiting,
)


class Failure(StrEnum):
    """Why a call fails without having been answered by a function."""

    NO_POD = "no-pod"  # no pod can be started
    LOST = "lost"  # its pods went, one after the other
    FULL = "full"  # too many wait already


@dataclass(frozen=True, slots=True)
class Assign:
    """A pod works on a call."""

    call: CallId
    pod: str


@dataclass(frozen=True, slots=True)
class Start:
    """A new pod."""

    pod: str


@dataclass(frozen=True, slots=True)
class Drain:
    """A pod gets no more calls."""

    pod: str
    why: Eviction


@dataclass(frozen=True, slots=True)
class Remove:
    """A pod is deleted, with all that belongs to it; calls that it has are first in line."""

    pod: str
    why: Eviction


@dataclass(frozen=True, slots=True)
class Fail:
    """A call ends with an error."""

    call: CallId
    failure: Failure
    reason: str


Action = Assign | Start | Drain | Remove | Fail


def settle(pool: Pool, now: float) -> tuple[Pool, list[Action]]:
    """The pool when all is done that can be done now, and what was done."""
    done: list[Action] = []
    while action := plan(pool, now):
        done.append(action)
        pool = carried_out(pool, action, now)
    return pool, done


def plan(pool: Pool, now: float) -> Action | None:
    """The next step; None when there is none."""
    for steps in (_drains, _removals, _failures, _assignments, _refusals, _starts):
        if action := next(steps(pool, now), None):
            return action
    return None


def wake_at(pool: Pool, now: float) -> float:
    """When a settled pool must be looked at again if nothing happens before."""
    instants = [pod.deadline for pod in pool.pods]
    instants += [_idle_at(pool, pod) for pod in pool.pods]
    instants += [pool.refusal.until] if pool.refusal else []
    return min((instant for instant in instants if instant > now), default=FOREVER)


def carried_out(pool: Pool, action: Action, now: float) -> Pool:
    """The pool after a step."""
    match action:
        case Assign(call, name):
            return _assigned(pool, call, name, now)
        case Start(name):
            deadline = now + pool.limits.start_within.total_seconds()
            pod = Pod(name=name, template=pool.template, deadline=deadline)
            pods = (*pool.pods, pod)
            return replace(pool, pods=pods, serial=pool.serial + 1, refusal=None)
        case Drain(name, why):
            return pool.left(name, why, deadline=FOREVER)
        case Remove(name, why):
            return _removed(pool, name, why, now)
        case Fail(call):
            return pool.ended(call, now)


def _drains(pool: Pool, _: float) -> Iterator[Action]:
    for pod in pool.live:
        if pod.template != pool.template:
            yield Drain(pod.name, Eviction.OUTDATED)
    if len(pool.live) > max(1, pool.limits.max_pods):
        least = min(pool.live, key=lambda pod: (pod.takes_calls, pod.load, pod.used_at))
        yield Drain(least.name, Eviction.SURPLUS)


def _removals(pool: Pool, now: float) -> Iterator[Action]:
    for pod in pool.pods:
        if pod.leaving is not None:
            if not pod.calls or now >= pod.deadline:
                yield Remove(pod.name, pod.leaving)
        elif now >= pod.deadline:
            starting = pod.stage is Stage.STARTING
            yield Remove(pod.name, Eviction.NEVER_READY if starting else Eviction.UNREADY)
        elif now >= _idle_at(pool, pod):
            yield Remove(pod.name, Eviction.IDLE)


def _failures(pool: Pool, now: float) -> Iterator[Action]:
    for waiting in pool.waiting:
        if waiting.lost >= pool.limits.attempts:
            yield Fail(waiting.call, Failure.LOST, waiting.last_loss)
    if pool.is_refusing(now) and not pool.live and pool.refusal is not None:
        for waiting in pool.waiting:
            yield Fail(waiting.call, Failure.NO_POD, pool.refusal.reason)


def _assignments(pool: Pool, _: float) -> Iterator[Action]:
    others_come = any(pod.is_expected for pod in pool.pods)
    most = pool.limits.queue_length if others_come else pool.limits.calls_per_pod
    free = [pod for pod in pool.pods if pod.takes_calls and pod.load < max(1, most)]
    if pool.waiting and free:
        best = min(free, key=lambda pod: (pod.load, pod.used_at))
        yield Assign(pool.waiting[0].call, best.name)


def _refusals(pool: Pool, _: float) -> Iterator[Action]:
    most = pool.limits.max_waiting
    if len(pool.waiting) > most:
        yield Fail(pool.waiting[-1].call, Failure.FULL, f"{most} calls wait already")


def _starts(pool: Pool, now: float) -> Iterator[Action]:
    live = len(pool.live)
    demand = len(pool.waiting) + sum(pod.load for pod in pool.live)
    wanted = math.ceil(demand / max(1, pool.limits.queue_length))
    wanted = min(max(wanted, int(pool.is_warming)), max(1, pool.limits.max_pods))
    if pool.failures and any(pod.stage is Stage.STARTING for pod in pool.live):
        return  # the one that is being tried
    if live < wanted and not pool.is_refusing(now):
        yield Start(f"{pool.prefix}{pool.serial + 1}")


def _idle_at(pool: Pool, pod: Pod) -> float:
    """When a pod without calls has been unused for too long."""
    if pod.calls or not pod.takes_calls:
        return FOREVER
    return pod.used_at + pool.limits.idle.total_seconds()


def _assigned(pool: Pool, call: CallId, name: str, now: float) -> Pool:
    taken = tuple(each for each in pool.waiting if each.call == call)
    pods = tuple(
        replace(pod, calls=(*pod.calls, *taken), used_at=now) if pod.name == name else pod
        for pod in pool.pods
    )
    waiting: tuple[Waiting, ...] = tuple(each for each in pool.waiting if each.call != call)
    return replace(pool, pods=pods, waiting=waiting)


def _removed(pool: Pool, name: str, why: Eviction, now: float) -> Pool:
    pod = pool.pod(name)
    after = pool.gone(name, f"pod {name} was removed ({why})")
    if why is not Eviction.NEVER_READY or pod is None:
        return after
    failures = pool.failures + 1
    span = pool.limits.start_within.total_seconds()
    reason = pod.trouble or (
        f"pod {name} was not ready within {span:g} s: look at its events and logs, or give it more"
        " time (`--pod-start-timeout`)"
    )
    refusal = Refusal(reason, now + pool.limits.refusal_span(failures))
    return replace(after, failures=failures, refusal=refusal, is_warming=False)
