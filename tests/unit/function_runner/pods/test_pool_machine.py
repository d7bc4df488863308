"""Whatever happens to a pool, in whatever order: no call is lost, and it comes to rest.

The machine plays the cluster and the callers. It knows a pool only by the actions that come out.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings, strategies
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from porch_function_runner.pods.plan import (
    Assign,
    Drain,
    Fail,
    Failure,
    Remove,
    Start,
    settle,
    wake_at,
)
from porch_function_runner.pods.pool import FOREVER, CallId, Eviction, Limits, Pool, Stage

LIMITS = strategies.builds(
    Limits,
    max_pods=strategies.integers(1, 4),
    queue_length=strategies.integers(1, 3),
    calls_per_pod=strategies.integers(1, 6),
    max_waiting=strategies.integers(3, 20),
    idle=strategies.just(timedelta(seconds=30)),
    start_within=strategies.just(timedelta(seconds=10)),
    refuse_for=strategies.just(timedelta(seconds=5)),
)


class PoolMachine(RuleBasedStateMachine):
    """Calls, pods and time, in any order."""

    calls: Bundle[CallId] = Bundle("calls")

    @initialize(limits=LIMITS)
    def begin(self, limits: Limits) -> None:
        self.now = 0.0
        self.pool = Pool(prefix="p-", template="t1", limits=limits)
        self.open: set[CallId] = set()  # callers that have no answer yet
        self.assigned: dict[CallId, str] = {}
        self.names: set[str] = set()  # of all pods there ever were
        self.present: set[str] = set()  # pods in the cluster
        self.retired: set[str] = set()
        self.templates = 1
        self.last_call = 0

    def apply(self, pool: Pool) -> None:
        before = pool
        self.pool, actions = settle(pool, self.now)
        for action in actions:
            match action:
                case Assign(call, name):
                    assert call in self.open
                    assert name not in self.retired, "a retired pod got a call"
                    self.assigned[call] = name
                case Start(name):
                    assert name not in self.names, "two pods of one name"
                    assert not before.is_refusing(self.now)
                    self.names.add(name)
                    self.present.add(name)
                case Drain(name, _):
                    self.retired.add(name)
                case Remove(name, _):
                    self.retired.add(name)
                    self.present.discard(name)
                case Fail(call, failure, reason):
                    assert reason or failure is Failure.LOST
                    self.open.remove(call)
        self.retired = {pod.name for pod in self.pool.pods if not pod.is_live}
        assert settle(self.pool, self.now) == (self.pool, []), "a settled pool has nothing to do"

    def pods(self, stage: Stage) -> list[str]:
        return [pod.name for pod in self.pool.live if pod.stage is stage]

    @rule(target=calls, count=strategies.integers(1, 8))
    def callers_come(self, count: int) -> MultipleResults[CallId]:
        new = []
        for _ in range(count):
            self.last_call += 1
            call = CallId(self.last_call)
            new.append(call)
            self.open.add(call)
            self.apply(self.pool.joined(call))
        return multiple(*new)

    @rule(call=consumes(calls))
    def caller_has_its_answer_or_goes(self, call: CallId) -> None:
        self.open.discard(call)
        self.apply(self.pool.ended(call, self.now))

    @rule(data=strategies.data())
    def connection_breaks_under_a_call(self, data: strategies.DataObject) -> None:
        held = [(each.call, pod.name) for pod in self.pool.pods for each in pod.calls]
        if held:
            call, name = data.draw(strategies.sampled_from(held))
            self.apply(self.pool.lost(call, name, "broken", self.now))

    @rule(data=strategies.data(), kind=strategies.sampled_from(["ready", "fails", "stuck"]))
    def starting_pod(self, data: strategies.DataObject, kind: str) -> None:
        if names := self.pods(Stage.STARTING):
            name = data.draw(strategies.sampled_from(names))
            match kind:
                case "ready":
                    self.apply(self.pool.became_ready(name, self.now))
                case "fails":
                    self.apply(self.pool.troubled(name, "no such image", until=self.now))
                case "stuck":
                    self.apply(self.pool.troubled(name, "no node", until=self.now + 3))

    @rule(data=strategies.data())
    def ready_pod_is_not_for_a_while(self, data: strategies.DataObject) -> None:
        if names := self.pods(Stage.READY):
            name = data.draw(strategies.sampled_from(names))
            self.apply(self.pool.became_unready(name, "probe failed", self.now))

    @rule(data=strategies.data())
    def unready_pod_is_ready_again(self, data: strategies.DataObject) -> None:
        if names := self.pods(Stage.UNREADY):
            self.apply(self.pool.became_ready(data.draw(strategies.sampled_from(names)), self.now))

    @rule(data=strategies.data(), at_once=strategies.booleans())
    def pod_is_deleted(self, data: strategies.DataObject, at_once: bool) -> None:
        if self.pool.pods:
            name = data.draw(strategies.sampled_from([pod.name for pod in self.pool.pods]))
            if at_once:
                self.present.discard(name)
                self.apply(self.pool.gone(name, "deleted"))
            else:
                self.apply(self.pool.left(name, Eviction.DELETED, deadline=self.now + 5))

    @rule()
    def template_changes(self) -> None:
        self.templates += 1
        self.apply(self.pool.configured(f"t{self.templates}", self.pool.limits))

    @rule(limits=LIMITS)
    def limits_change(self, limits: Limits) -> None:
        self.apply(self.pool.configured(self.pool.template, limits))

    @rule()
    def warm_up(self) -> None:
        self.apply(self.pool.warmed())

    @rule(seconds=strategies.sampled_from([0.1, 1.0, 6.0, 12.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.apply(self.pool)

    @invariant()
    def no_call_is_lost_or_held_twice(self) -> None:
        if not hasattr(self, "pool"):
            return
        waiting = [each.call for each in self.pool.waiting]
        held = [each.call for pod in self.pool.pods for each in pod.calls]
        assert sorted(waiting + held) == sorted(self.open)

    @invariant()
    def bounds_hold(self) -> None:
        if not hasattr(self, "pool"):
            return
        limits = self.pool.limits
        assert len(self.pool.live) <= limits.max_pods
        assert len(self.pool.waiting) <= limits.max_waiting
        assert {pod.name for pod in self.pool.pods} == self.present

    def teardown(self) -> None:
        """Once nothing disturbs it any more, every caller gets an answer and no pod stays."""
        if not hasattr(self, "pool"):
            return
        for _ in range(1000):
            if self.pool.is_idle(self.now):
                break
            for pod in self.pool.live:
                if pod.stage is not Stage.READY:
                    self.apply(self.pool.became_ready(pod.name, self.now))
            for call in list(self.open):
                if any(each.call == call for pod in self.pool.pods for each in pod.calls):
                    self.open.discard(call)
                    self.apply(self.pool.ended(call, self.now))
            wake = wake_at(self.pool, self.now)
            if not self.open and wake < FOREVER:
                self.now = wake
                self.apply(self.pool)
        assert not self.open
        assert self.pool.is_idle(self.now)
        assert not self.present


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
