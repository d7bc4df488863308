"""What the queues did is the difference of two looks at the operator's metrics."""

from prometheus_client import CollectorRegistry

from bench.queues import Work, work
from porch.runtime.metrics import QueueMetrics, exposition


def test_a_while_has_its_own_means() -> None:
    """What came before does not count; passes of all outcomes do."""
    registry = CollectorRegistry()
    meter = QueueMetrics(registry).of("revisions")
    meter.started(depth=0, waited=100)
    meter.ended("done", took=100)
    before = exposition(registry).decode()
    meter.started(depth=0, waited=1)
    meter.ended("done", took=2)
    meter.started(depth=0, waited=3)
    meter.ended("again", took=6)

    found = list(work(before, exposition(registry).decode()))

    assert found == [Work("revisions", passes=2, wait=2, took=4)]


def test_a_queue_that_did_nothing_is_not_told_of() -> None:
    registry = CollectorRegistry()
    QueueMetrics(registry).of("packages")
    text = exposition(registry).decode()

    assert list(work(text, text)) == []
