"""Kept answers: whose, for how long, and how many."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from porch.errors import Permanent
from porch_function_runner.cache import ResultCache
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.meters import CacheMeter, EvaluationMetrics, ImageLabels
from tests.unit.function_runner.calling import Evaluations

PINNED = "r.example/fn/a@sha256:aa"


class Cached:
    """A cache before a function that answers with its input."""

    def __init__(self, *, max_bytes: int = 100_000) -> None:
        self.registry = CollectorRegistry()
        self.evaluations = Evaluations(self._answer)
        meter = CacheMeter(self.registry)
        self.cache = ResultCache(self.evaluations.evaluate, max_bytes=max_bytes, meter=meter)

    async def _answer(self, request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
        return EvaluationResponse(resource_list=request.resource_list)

    async def call(self, image: str = PINNED, data: bytes = b"in") -> EvaluationResponse:
        """One call."""
        request = EvaluationRequest(image=image, resource_list=data)
        return await self.cache.evaluate(request, Deadline.within(timedelta(minutes=1)))

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of a metric."""
        return self.registry.get_sample_value(name, labels)


async def test_a_pinned_function_runs_once_for_the_same_input() -> None:
    """Its digest names its exact bytes, wherever they are pulled from."""
    cached = Cached()
    answers = [await cached.call(image) for image in (PINNED, PINNED, "x.example/b@sha256:aa")]

    assert answers == [EvaluationResponse(resource_list=b"in")] * 3
    assert len(cached.evaluations.asked) == 1
    assert cached.metric("porch_evaluation_cache_lookups_total", outcome="hit") == 2
    assert cached.metric("porch_evaluation_cache_lookups_total", outcome="miss") == 1


@pytest.mark.parametrize(
    ("image", "data"),
    [(PINNED, b"other"), ("r.example/fn/a@sha256:bb", b"in")],
    ids=["input", "function"],
)
async def test_another_input_or_function_is_another_answer(image: str, data: bytes) -> None:
    """The key is both."""
    cached = Cached()
    await cached.call()
    await cached.call(image, data)

    assert len(cached.evaluations.asked) == 2


async def test_a_tag_may_move_so_nothing_is_kept_for_it() -> None:
    """Nor does it count as a lookup."""
    cached = Cached()
    await cached.call("r.example/fn/a:v1")
    await cached.call("r.example/fn/a:v1")

    assert len(cached.evaluations.asked) == 2
    assert cached.cache.state()["entries"] == 0
    assert cached.metric("porch_evaluation_cache_lookups_total", outcome="miss") is None


async def test_failures_are_not_kept() -> None:
    """What failed once may have been bad luck."""
    cached = Cached()

    async def fail(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        raise Permanent("no")

    cached.evaluations.answer = fail
    for _ in range(2):
        with pytest.raises(Permanent):
            await cached.call()

    assert len(cached.evaluations.asked) == 2


async def test_the_least_recently_used_answers_go_first() -> None:
    """The bound is of bytes, and it holds."""
    cached = Cached(max_bytes=35_000)
    inputs = [letter * 10_000 for letter in (b"a", b"b", b"c")]
    for data in inputs:
        await cached.call(data=data)
    await cached.call(data=inputs[0])
    await cached.call(data=b"d" * 10_000)
    cached.evaluations.asked.clear()
    for data in (inputs[0], inputs[2]):
        await cached.call(data=data)
    assert cached.evaluations.asked == []
    await cached.call(data=inputs[1])

    assert len(cached.evaluations.asked) == 1
    kept = cached.metric("porch_evaluation_cache_bytes")
    assert kept == cached.cache.state()["bytes"]
    assert kept is not None
    assert 30_000 < kept <= 35_000


async def test_an_answer_larger_than_the_cache_drives_out_nothing() -> None:
    """It would be gone before its first use."""
    cached = Cached(max_bytes=5_000)
    await cached.call()
    await cached.call(data=b"x" * 6_000)
    cached.evaluations.asked.clear()
    await cached.call()

    assert cached.evaluations.asked == []


@pytest.mark.parametrize("how", ["no room", "cleared"])
async def test_a_cache_may_be_off_or_be_cleared(how: str) -> None:
    """When another executable stands for the image, its answers are others."""
    cached = Cached(max_bytes=0 if how == "no room" else 5_000)
    await cached.call()
    cached.cache.clear()
    await cached.call()

    assert len(cached.evaluations.asked) == 2


def test_callers_cannot_make_labels_without_end() -> None:
    """A time series a name would fill Prometheus; configured functions keep theirs."""
    labels = ImageLabels()
    labels.know(["known"])
    made = {labels.label(f"r.example/fn-{number}:v1") for number in range(500)}

    assert len(made) == 101
    assert "other" in made
    assert labels.label("r.example/known:v1") == "known"
    assert labels.label("r.example/fn-3@sha256:aa") == "fn-3"
    assert labels.label(" ") == "invalid"


def test_an_evaluation_is_measured_by_evaluator_image_and_outcome() -> None:
    """Names of metrics are relied on by dashboards."""
    registry = CollectorRegistry()
    EvaluationMetrics(registry).evaluated("exec", "r.example/fn:v1", "ok", took=0.002)

    labels = {"evaluator": "exec", "image": "fn", "outcome": "ok"}
    assert registry.get_sample_value("porch_evaluation_seconds_count", labels) == 1
