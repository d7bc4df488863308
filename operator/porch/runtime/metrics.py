"""What Prometheus is told, and how it asks.

I/O       none; `exposition` only formats.
Names     `porch_<subject>_<quantity>_<unit>`; counters end in `_total`; seconds and bytes only.
          Labels have few values: names of queues, kinds and outcomes, never of objects.
Cost      about 2 microseconds an observation; label children are looked up once.
Source    https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

# From a cached read to a publication that waits for a slow git server.
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


def new_registry() -> CollectorRegistry:
    """A registry with the facts of the process: memory, CPU, open files, Python version."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """The body of GET /metrics."""
    return generate_latest(registry)


class QueueMetrics:
    """The metrics of all work queues of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._depth = Gauge(
            "porch_queue_depth", "Keys that wait for a worker.", ["queue"], registry=registry
        )
        self._waited = Histogram(
            "porch_queue_wait_seconds",
            "Time from the first event of a key to the begin of its pass.",
            ["queue"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._took = Histogram(
            "porch_queue_pass_seconds",
            "Duration of a pass, by its outcome.",
            ["queue", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._running = Gauge(
            "porch_queue_running", "Passes that run now.", ["queue"], registry=registry
        )

    def of(self, queue: str) -> "QueueMeter":
        """The meter of one queue."""
        return QueueMeter(
            depth=self._depth.labels(queue),
            waited=self._waited.labels(queue),
            running=self._running.labels(queue),
            took=lambda outcome: self._took.labels(queue, outcome),
        )


class QueueMeter:
    """Takes the observations of one queue."""

    def __init__(
        self,
        *,
        depth: Gauge,
        waited: Histogram,
        running: Gauge,
        took: Callable[[str], Histogram],
    ) -> None:
        self._depth = depth
        self._waited = waited
        self._running = running
        self._find_took = took
        self._took: dict[str, Histogram] = {}  # children by outcome; looking one up takes a lock

    def depth(self, keys: int) -> None:
        self._depth.set(keys)

    def started(self, *, depth: int, waited: float) -> None:
        """A pass begins; `waited` seconds after its key was added."""
        self._depth.set(depth)
        self._waited.observe(waited)
        self._running.inc()

    def ended(self, outcome: str, *, took: float) -> None:
        """A pass ended after `took` seconds."""
        self._running.dec()
        child = self._took.get(outcome)
        if child is None:
            child = self._took[outcome] = self._find_took(outcome)
        child.observe(took)


class WatchMetrics:
    """What is known of the watches of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "porch_watch_events_total", "Events received.", ["resource"], registry=registry
        )
        self.lists = Counter(
            "porch_watch_lists_total", "Complete lists made.", ["resource"], registry=registry
        )
        self.objects = Gauge(
            "porch_watch_objects", "Objects known.", ["resource"], registry=registry
        )
