"""What the operator's work queues tell of a while: how many passes, how long they waited and took.

Pure. Differences of the counters of `porch_queue_wait_seconds` and `porch_queue_pass_seconds`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_WAIT = "porch_queue_wait_seconds"
_PASS = "porch_queue_pass_seconds"  # noqa: S105 (no password)
_PARTS = {
    f"{_WAIT}_sum": "waited",
    f"{_WAIT}_count": "began",
    f"{_PASS}_sum": "took",
    f"{_PASS}_count": "ended",
}


@dataclass(frozen=True, slots=True)
class Work:
    """The passes of one queue in a while."""

    queue: str
    passes: float
    wait: float  # mean, seconds
    took: float  # mean, seconds


def work(before: str, after: str) -> Iterator[Work]:
    """What each queue did between two looks at the operator's metrics."""
    earlier, later = _sums(before), _sums(after)
    for queue in sorted({queue for queue, _ in later}):
        done = {part: later[queue, part] - earlier[queue, part] for part in _PARTS.values()}
        if done["began"] and done["ended"]:
            wait, took = done["waited"] / done["began"], done["took"] / done["ended"]
            yield Work(queue, done["ended"], wait, took)


def _sums(text: str) -> Mapping[tuple[str, str], float]:
    """Counters by queue and part, over all outcomes; 0 where there is none yet."""
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if part := _PARTS.get(sample.name):
                found[sample.labels["queue"], part] += sample.value
    return found
