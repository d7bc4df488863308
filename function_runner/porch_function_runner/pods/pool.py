"""The pool of one function image: its pods, the calls that wait, and what befalls either.

Pure and immutable: each method is one event and returns the pool after it. What to do about it is
decided in `plan`.
Instants  seconds of the event loop's clock; `FOREVER` is later than all of them.
Pods      live until `leaving` says why they go; a leaving pod gets no call, keeps those that it
          has, and is removed when it has none or at its deadline.
Calls     are in exactly one place: `waiting`, or the `calls` of one pod. One whose pod is lost
          goes back to the front of the line.
Errors    none: an event about a pod or a call that is not there changes nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import NewType, Self

CallId = NewType("CallId", int)

FOREVER = math.inf


class Stage(StrEnum):
    """What a pod can do."""

    STARTING = "starting"  # asked for, not yet able to take calls
    READY = "ready"  # takes calls
    UNREADY = "unready"  # was ready; its calls go on, new ones it does not get


class Eviction(StrEnum):
    """Why a pod goes. Values of the metric's label `reason`."""

    IDLE = "idle"  # unused for as long as the function's time to live
    OUTDATED = "outdated"  # made from a template that is no longer the current one
    SURPLUS = "surplus"  # more pods than are allowed by now
    NEVER_READY = "never-ready"  # did not start, or not in time
    UNREADY = "unready"  # was ready and did not become so again in time
    BROKEN = "broken"  # its connection broke under a call
    FAILED = "failed"  # all of its containers have ended
    DELETED = "deleted"  # somebody else deleted it


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is allowed to the pool of one function."""

    max_pods: int = 1  # live pods; those that leave are beyond it
    queue_length: int = 2  # calls a pod is meant to have; with more, another is started
    calls_per_pod: int = 16  # calls a pod gets at most, when no other pod is to be expected
    max_waiting: int = 1000  # calls in line; more are refused
    idle: timedelta = timedelta(minutes=30)  # unused this long: removed
    start_within: timedelta = timedelta(seconds=60)  # from being asked for to ready
    refuse_for: timedelta = timedelta(seconds=10)  # after a failed start; doubles each time
    refuse_longest: timedelta = timedelta(minutes=2)
    attempts: int = 2  # pods that a call may lose before it fails

    def refusal_span(self, failures: int) -> float:
        """Seconds for which no pod is started after so many failures in a row."""
        first, longest = self.refuse_for.total_seconds(), self.refuse_longest.total_seconds()
        return float(min(longest, first * 2.0 ** min(failures - 1, 16)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in line."""

    call: CallId
    lost: int = 0  # pods that went while they had it
    last_loss: str = ""  # what befell the last of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod as the pool knows it."""

    name: str
    template: str  # version that it was made from
    stage: Stage = Stage.STARTING
    calls: tuple[Waiting, ...] = ()  # what it works on
    used_at: float = 0.0  # when it last got or ended a call, or became ready
    deadline: float = FOREVER  # when it is given up, if nothing changes
    trouble: str = ""  # what keeps it from being ready, in Kubernetes' words; "" = nothing known
    leaving: Eviction | None = None  # None: it stays

    @property
    def load(self) -> int:
        return len(self.calls)

    @property
    def is_live(self) -> bool:
        return self.leaving is None

    @property
    def takes_calls(self) -> bool:
        return self.is_live and self.stage is Stage.READY

    @property
    def is_expected(self) -> bool:
        """It will take calls soon, as far as one can see."""
        return self.is_live and self.stage is Stage.STARTING and not self.trouble


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no pod is started for a while, and calls that would need one fail at once."""

    reason: str
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """All that is known of one image."""

    prefix: str  # names of its pods are this and a number that is never used again
    template: str  # version that new pods are made from
    limits: Limits = field(default_factory=Limits)
    pods: tuple[Pod, ...] = ()
    waiting: tuple[Waiting, ...] = ()  # in order
    refusal: Refusal | None = None
    failures: int = 0  # starts that failed in a row
    is_warming: bool = False  # one pod is wanted although nobody waits
    serial: int = 0  # number of the last pod

    def pod(self, name: str) -> Pod | None:
        """The pod of that name, if it is in the pool."""
        return next((pod for pod in self.pods if pod.name == name), None)

    @property
    def live(self) -> list[Pod]:
        return [pod for pod in self.pods if pod.is_live]

    def is_refusing(self, now: float) -> bool:
        """No pod is to be started now."""
        return self.refusal is not None and now < self.refusal.until

    def is_idle(self, now: float) -> bool:
        """Nothing is lost when the pool is forgotten."""
        return not (self.pods or self.waiting or self.is_warming or self.is_refusing(now))

    # Calls

    def joined(self, call: CallId) -> Self:
        """A call came and waits for a pod."""
        return replace(self, waiting=(*self.waiting, Waiting(call)))

    def ended(self, call: CallId, now: float) -> Self:
        """A call has its answer, or its caller went."""
        return self._without_call(call, now)

    def lost(self, call: CallId, name: str, why: str, now: float) -> Self:
        """The connection to the pod broke under the call: another pod may take it."""
        pod = self.pod(name)
        if pod is None or not any(each.call == call for each in pod.calls):
            return self
        again = tuple(_again(each, why) for each in pod.calls if each.call == call)
        pool = self._without_call(call, now)
        pool = replace(pool, waiting=(*again, *pool.waiting))
        return pool.left(name, Eviction.BROKEN, deadline=FOREVER)

    # Pods

    def adopted(self, pod: Pod) -> Self:
        """A pod is there that this pool did not start."""
        if self.pod(pod.name) is not None:
            return self
        return replace(self, pods=(*self.pods, pod))

    def became_ready(self, name: str, now: float) -> Self:
        """A pod can be called."""
        pod = self.pod(name)
        if pod is None or pod.stage is Stage.READY:
            return self
        pool = self._changed(
            name,
            lambda pod: replace(
                pod, stage=Stage.READY, used_at=now, deadline=_kept(pod), trouble=""
            ),
        )
        return replace(pool, failures=0, refusal=None, is_warming=False)

    def became_unready(self, name: str, why: str, now: float) -> Self:
        """A pod that was ready is not, which may pass."""
        deadline = now + self.limits.start_within.total_seconds()
        pod = self.pod(name)
        if pod is None or pod.stage is not Stage.READY or not pod.is_live:
            return self
        return self._changed(
            name,
            lambda pod: replace(pod, stage=Stage.UNREADY, deadline=deadline, trouble=why),
        )

    def troubled(self, name: str, why: str, *, until: float) -> Self:
        """Something keeps a pod from starting; it is given up at `until` unless that passes."""
        pod = self.pod(name)
        if pod is None or pod.stage is not Stage.STARTING or pod.trouble == why:
            return self
        deadline = min(pod.deadline, until)
        return self._changed(name, lambda pod: replace(pod, trouble=why, deadline=deadline))

    def relieved(self, name: str, now: float) -> Self:
        """What kept a pod from starting has passed."""
        pod = self.pod(name)
        if pod is None or pod.stage is not Stage.STARTING or not pod.trouble:
            return self
        deadline = now + self.limits.start_within.total_seconds()
        return self._changed(name, lambda pod: replace(pod, trouble="", deadline=deadline))

    def left(self, name: str, why: Eviction, *, deadline: float) -> Self:
        """A pod shall get no more calls; at the deadline it loses those that it has."""
        return self._changed(
            name,
            lambda pod: replace(
                pod, leaving=pod.leaving or why, deadline=min(deadline, _kept(pod))
            ),
        )

    def gone(self, name: str, why: str) -> Self:
        """A pod is no more; its calls are first in line for another."""
        pod = self.pod(name)
        if pod is None:
            return self
        again = tuple(_again(each, why) for each in pod.calls)
        rest = tuple(each for each in self.pods if each.name != name)
        return replace(self, pods=rest, waiting=(*again, *self.waiting))

    # Inputs

    def warmed(self) -> Self:
        """One pod is wanted before the first call."""
        return replace(self, is_warming=True) if not self.live else self

    def configured(self, template: str, limits: Limits) -> Self:
        """The template or the limits may have changed; new ones get a fresh chance."""
        if (template, limits) == (self.template, self.limits):
            return self
        return replace(self, template=template, limits=limits, refusal=None, failures=0)

    def _without_call(self, call: CallId, now: float) -> Self:
        waiting = tuple(each for each in self.waiting if each.call != call)
        pods = tuple(
            replace(pod, calls=rest, used_at=now) if len(rest) < pod.load else pod
            for pod in self.pods
            for rest in [tuple(each for each in pod.calls if each.call != call)]
        )
        return replace(self, waiting=waiting, pods=pods)

    def _changed(self, name: str, change: Callable[[Pod], Pod]) -> Self:
        pods = tuple(change(pod) if pod.name == name else pod for pod in self.pods)
        return replace(self, pods=pods)


def _again(waiting: Waiting, why: str) -> Waiting:
    return Waiting(waiting.call, waiting.lost + 1, why)


def _kept(pod: Pod) -> float:
    """The deadline of a pod that leaves stays; that of a start is over."""
    return FOREVER if pod.is_live else pod.deadline
