"""What is measured of the pools. Labels are stages, parts and reasons, never images or pods."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from porch_function_runner.pods.plan import Fail
from porch_function_runner.pods.pool import Eviction, Pool, Stage

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120)


class PoolMetrics:
    """The metrics of all pools of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._pods = Gauge(
            "porch_function_pods", "Function pods in the pools.", ["stage"], registry=registry
        )
        self._waiting = Gauge(
            "porch_function_calls_waiting", "Calls that wait for a pod.", registry=registry
        )
        self._running = Gauge(
            "porch_function_calls_running", "Calls that a pod works on.", registry=registry
        )
        self._started = Counter(
            "porch_function_pods_started_total", "Function pods asked for.", registry=registry
        )
        self._adopted = Counter(
            "porch_function_pods_adopted_total",
            "Function pods found that this process had not started.",
            registry=registry,
        )
        self._removed = Counter(
            "porch_function_pods_removed_total",
            "Function pods removed, by reason.",
            ["reason"],
            registry=registry,
        )
        self._failed = Counter(
            "porch_function_calls_failed_total",
            "Calls that no pod answered, by reason.",
            ["reason"],
            registry=registry,
        )
        self._lost = Counter(
            "porch_function_calls_lost_total",
            "Calls that lost their pod; each gets one other.",
            registry=registry,
        )
        self._cold_start = Histogram(
            "porch_function_pod_start_seconds",
            "Time of the parts of a pod's start: create, schedule, prepare (images and wrapper),"
            " start (wrapper), connect; and their total.",
            ["part"],
            buckets=_SECONDS,
            registry=registry,
        )
        for reason in Eviction:
            self._removed.labels(reason)

    def watch(self, pools: Callable[[], list[Pool]]) -> None:
        """Whose state is told when Prometheus asks."""
        for stage in Stage:
            self._pods.labels(stage).set_function(partial(_staying, pools, stage))
        self._pods.labels("leaving").set_function(partial(_leaving, pools))
        self._waiting.set_function(lambda: sum(len(pool.waiting) for pool in pools()))
        self._running.set_function(lambda: sum(pod.load for pool in pools() for pod in pool.pods))

    def started(self) -> None:
        self._started.inc()

    def adopted(self) -> None:
        self._adopted.inc()

    def removed(self, why: Eviction) -> None:
        self._removed.labels(why).inc()

    def failed(self, action: Fail) -> None:
        self._failed.labels(action.failure).inc()

    def lost(self) -> None:
        self._lost.inc()

    def start_part(self, part: str, seconds: float) -> None:
        """One part of a pod's start took this long."""
        self._cold_start.labels(part).observe(seconds)


def _staying(pools: Callable[[], list[Pool]], stage: Stage) -> float:
    return sum(pod.stage is stage for pool in pools() for pod in pool.live)


def _leaving(pools: Callable[[], list[Pool]]) -> float:
    return sum(not pod.is_live for pool in pools() for pod in pool.pods)
