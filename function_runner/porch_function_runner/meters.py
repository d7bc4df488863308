"""What Prometheus is told of evaluations.

Names     as in `porch.runtime.metrics`. The label `image` is the last part of an image's name: of
          the functions that FunctionConfigs name, and of the first `_MOST_IMAGES` others; "other"
          stands for the rest, so that callers cannot make labels without end.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from porch.functions.images import BadImage, Image

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_MOST_IMAGES = 100


class EvaluationMetrics:
    """The metrics of a runner."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._took = Histogram(
            "porch_evaluation_seconds",
            "Duration of evaluations, their time in line included, by evaluator and outcome.",
            ["evaluator", "image", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._running = Gauge(
            "porch_evaluations_running", "Calls that are being answered now.", registry=registry
        )
        self._calls = Counter(
            "porch_evaluation_calls_total",
            "Calls answered, by gRPC status code.",
            ["code"],
            registry=registry,
        )
        self._images = ImageLabels()
        self.cache = CacheMeter(registry)

    def know(self, names: Iterable[str]) -> None:
        """Names of functions that get a label of their own."""
        self._images.know(names)

    def began(self) -> None:
        """A call came in."""
        self._running.inc()

    def ended(self, code: str) -> None:
        """A call was answered, or its caller left (`CANCELLED`)."""
        self._running.dec()
        self._calls.labels(code).inc()

    def evaluated(self, evaluator: str, image: str, outcome: str, *, took: float) -> None:
        """An evaluator answered, or failed with an error of the class `outcome`."""
        self._took.labels(evaluator, self._images.label(image), outcome).observe(took)


class CacheMeter:
    """Takes the observations of the cache of answers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counter(
            "porch_evaluation_cache_lookups_total",
            "Calls of pinned functions: `hit` was answered from the cache, `miss` evaluated.",
            ["outcome"],
            registry=registry,
        )
        self._bytes = Gauge(
            "porch_evaluation_cache_bytes", "Bytes of the answers that are kept.", registry=registry
        )

    def hit(self) -> None:
        """An answer was known."""
        self._lookups.labels("hit").inc()

    def missed(self) -> None:
        """An answer was not known."""
        self._lookups.labels("miss").inc()

    def keeps(self, size: int) -> None:
        """So many bytes are kept now."""
        self._bytes.set(size)


class ImageLabels:
    """The bounded set of labels for images."""

    def __init__(self) -> None:
        self._configured: frozenset[str] = frozenset()
        self._others: set[str] = set()

    def know(self, names: Iterable[str]) -> None:
        """These have one, whatever comes."""
        self._configured = frozenset(names)

    def label(self, image: str) -> str:
        """The label of an image."""
        try:
            name = Image.parse(image).name
        except BadImage:
            return "invalid"
        if name in self._configured or name in self._others:
            return name
        if len(self._others) < _MOST_IMAGES:
            self._others.add(name)
            return name
        return "other"
