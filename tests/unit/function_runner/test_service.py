"""The service as its callers see it: a real server and the bare wire."""

import asyncio
from datetime import timedelta
from typing import Any

import grpc
import msgspec
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from porch.errors import Permanent, PorchError, Transient
from porch.functions.wire.evaluator_pb2 import (
    DESCRIPTOR,
    EvaluateFunctionRequest,
    EvaluateFunctionResponse,
)
from porch.functions.wire.service import FUNCTION_DIGEST, PATH
from porch.kpt.evaluate import ResultItem, Severity
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.failures import (
    BadRequest,
    FunctionFailed,
    NotServed,
    OutOfTime,
    Overloaded,
    TooLarge,
)
from tests.unit.function_runner.calling import (
    IMAGE,
    INPUT,
    Caller,
    Evaluations,
    chain,
    said,
    served,
)
from tests.unit.function_runner.waiting import until

pytestmark = pytest.mark.process


async def echo(request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
    """The input is the output."""
    return EvaluationResponse(resource_list=request.resource_list, log=b"said \xff")


def raising(err: PorchError) -> Evaluations:
    """An evaluator that fails so."""

    async def fail(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        raise err

    return Evaluations(fail)


async def refused(caller: Caller, **call: object) -> grpc.aio.AioRpcError:
    """The error of a call."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller(**call)  # type: ignore[arg-type]  # a test names what it is about
    return caught.value


def test_the_wire_is_the_one_that_existing_callers_speak() -> None:
    """Package, service, method and field numbers, which no one can negotiate."""
    messages = DESCRIPTOR.message_types_by_name
    fields = {
        name: {field.name: field.number for field in messages[name].fields}
        for name in ("EvaluateFunctionRequest", "EvaluateFunctionResponse")
    }
    methods = [each.full_name for each in DESCRIPTOR.services_by_name["FunctionEvaluator"].methods]

    assert DESCRIPTOR.package == "evaluator"
    assert methods == ["evaluator.FunctionEvaluator.EvaluateFunction"]
    assert fields == {
        "EvaluateFunctionRequest": {"resource_list": 1, "image": 2},
        "EvaluateFunctionResponse": {"resource_list": 1, "log": 2},
    }


async def test_bytes_go_through_as_they_are() -> None:
    """Nothing is parsed, nothing is written anew."""
    evaluations = Evaluations(echo)
    async with served(evaluations.evaluate) as caller:
        answer = await caller(resource_list=b"# kept\n\xff")

    assert (answer.resource_list, answer.log) == (b"# kept\n\xff", b"said \xff")
    assert evaluations.asked == [EvaluationRequest(image=IMAGE, resource_list=b"# kept\n\xff")]


async def test_an_answer_tells_which_image_ran() -> None:
    """A tag may have moved since; the message has no place for it."""

    async def pinned(request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
        return EvaluationResponse(resource_list=request.resource_list, digest="sha256:ab")

    async with served(pinned) as caller:
        method = caller.channel.unary_unary(
            PATH,
            request_serializer=EvaluateFunctionRequest.SerializeToString,
            response_deserializer=EvaluateFunctionResponse.FromString,
        )
        call = method(EvaluateFunctionRequest(image=IMAGE))
        await call

        assert (FUNCTION_DIGEST, "sha256:ab") in list(await call.trailing_metadata())


@pytest.mark.parametrize(
    ("err", "code"),
    [
        (NotServed(IMAGE), grpc.StatusCode.NOT_FOUND),
        (BadRequest("a"), grpc.StatusCode.INVALID_ARGUMENT),
        (FunctionFailed("a"), grpc.StatusCode.INTERNAL),
        (TooLarge("a"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (OutOfTime(IMAGE), grpc.StatusCode.DEADLINE_EXCEEDED),
        (Overloaded("a"), grpc.StatusCode.UNAVAILABLE),
        (Transient("a"), grpc.StatusCode.UNAVAILABLE),
        (Permanent("a"), grpc.StatusCode.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PorchError) else "",
)
async def test_each_failure_has_its_status(err: PorchError, code: grpc.StatusCode) -> None:
    """Callers decide by the code whether the same call is worth another try."""
    async with served(raising(err).evaluate) as caller:
        found = await refused(caller)

    assert (found.code(), found.details()) == (code, str(err))


async def test_a_function_is_asked_of_each_evaluator_in_order() -> None:
    """And of no more than needed."""
    first, second, third = raising(NotServed(IMAGE)), Evaluations(echo), Evaluations(echo)
    async with served(chain(first, second, third).evaluate) as caller:
        await caller()

    assert [len(each.asked) for each in (first, second, third)] == [1, 1, 0]


@pytest.mark.parametrize("evaluators", [[], [raising(NotServed(IMAGE))]], ids=["none", "one"])
async def test_what_nobody_serves_is_not_found(evaluators: list[Evaluations]) -> None:
    """With no evaluator at all, too."""
    async with served(chain(*evaluators).evaluate) as caller:
        found = await refused(caller)

    assert found.code() is grpc.StatusCode.NOT_FOUND
    assert f'function "{IMAGE}" not found' in (found.details() or "")


async def test_another_failure_is_not_left_to_the_next_evaluator() -> None:
    """A function that failed in one place must not be tried in another."""
    second = Evaluations(echo)
    async with served(chain(raising(Transient("a")), second).evaluate) as caller:
        await refused(caller)

    assert second.asked == []


async def test_a_request_must_name_its_function() -> None:
    """An `exec` of a pipeline has no image."""
    async with served(Evaluations(echo).evaluate) as caller:
        found = await refused(caller, image="")

    assert found.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "`image` must name the function" in (found.details() or "")


async def test_an_input_beyond_the_limit_is_refused_and_the_next_is_served() -> None:
    """By gRPC itself, before anything is evaluated."""
    evaluations = Evaluations(echo)
    async with served(evaluations.evaluate, limit=10_000) as caller:
        found = await refused(caller, resource_list=b"x" * 10_001)
        await caller()

    assert found.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(evaluations.asked) == 1


async def test_an_answer_beyond_the_limit_is_refused_and_says_what_to_raise() -> None:
    """Both ends have the limit."""

    async def inflate(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        return EvaluationResponse(resource_list=b"x" * 10_001)

    async with served(inflate, limit=10_000) as caller:
        found = await refused(caller)

    assert found.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "--max-request-body-size" in (found.details() or "")


async def test_inputs_of_waiting_calls_are_bounded_together() -> None:
    """Each is held in memory; whoever comes too late may come again."""
    gate = asyncio.Event()

    async def wait(request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        await gate.wait()
        return await echo(request, deadline)

    evaluations = Evaluations(wait)
    async with served(evaluations.evaluate, inputs=10_000) as caller:
        first = asyncio.create_task(caller(resource_list=b"x" * 9_000))
        await until(lambda: len(evaluations.asked) == 1)
        found = await refused(caller, resource_list=b"x" * 2_000)
        gate.set()
        await first
        await caller(resource_list=b"x" * 20_000)

    assert found.code() is grpc.StatusCode.UNAVAILABLE
    assert "`--max-inputs-bytes`" in (found.details() or "")


async def test_the_earlier_of_two_deadlines_counts() -> None:
    """The caller's and the runner's."""
    evaluations = Evaluations(echo)
    async with served(evaluations.evaluate, longest=timedelta(seconds=10)) as caller:
        await caller(seconds=100)
        await caller(seconds=5)

    ours, theirs = (each.remaining().total_seconds() for each in evaluations.deadlines)
    assert 5 < ours <= 10
    assert 0 < theirs < 6


async def test_a_late_evaluation_is_cancelled_and_told() -> None:
    """The runner's own limit holds for callers who set none."""
    cancelled = asyncio.Event()
    async with served(_hanging(cancelled), longest=timedelta(milliseconds=50)) as caller:
        found = await refused(caller)

    assert found.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert f"function evaluation timed out for {IMAGE}" in (found.details() or "")
    assert cancelled.is_set()


async def test_a_caller_who_leaves_takes_the_evaluation_along() -> None:
    """Nobody would read the answer."""
    cancelled = asyncio.Event()
    begun = asyncio.Event()
    async with served(_hanging(cancelled, begun)) as caller:
        call = asyncio.create_task(caller())
        await begun.wait()
        call.cancel()

        await asyncio.wait_for(cancelled.wait(), 10)


async def test_what_a_failed_function_said_goes_with_the_error() -> None:
    """Results and standard error, for those who look; the text is for all others."""
    result = ResultItem(message="no", severity=Severity.ERROR)
    err = FunctionFailed("failed", exit_code=3, results=(result,), log=b"why")
    async with served(raising(err).evaluate) as caller:
        failed = said(await refused(caller))

    assert (failed.exit_code, failed.log, failed.omitted_results) == (3, b"why", 0)
    assert msgspec.json.decode(failed.results) == [{"message": "no", "severity": "error"}]


@pytest.mark.parametrize("asked", [None, 0, 3000, 100_000])
async def test_details_are_as_large_as_the_caller_can_take(asked: int | None) -> None:
    """A client of the C core refuses the whole answer when its trailing metadata is too large."""
    results = tuple(ResultItem(message="é" * 50) for _ in range(500))
    err = FunctionFailed("ü" * 9000, results=results, log=b"x" * 50_000 + b"end")
    async with served(raising(err).evaluate) as caller:
        found = await refused(caller, details_bytes=asked)

    failed = said(found)
    sent = sum(len(value) for _, value in found.trailing_metadata())
    kept = msgspec.json.decode(failed.results) if failed.results else []
    assert sent <= max(asked or 0, 2048) + 2200
    assert len(kept) + failed.omitted_results == 500
    assert failed.log == b"" or failed.log.endswith(b"end")
    assert found.code() is grpc.StatusCode.INTERNAL


async def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    """The names are in front, and what the function said last is at the end."""
    err = FunctionFailed("Failed to execute " + "%" * 5000 + " last words")
    async with served(raising(err).evaluate) as caller:
        text = (await refused(caller)).details() or ""

    assert text.startswith("Failed to execute ")
    assert text.endswith(" last words")
    assert len(text) < 2048


@pytest.mark.parametrize("service", ["", "evaluator.FunctionEvaluator", "anything"])
async def test_health_is_serving_for_any_name(service: str) -> None:
    """As existing probes ask."""
    async with served(echo) as caller:
        health: Any = HealthStub(caller.channel)  # its types lack the calls
        checked = await health.Check(HealthCheckRequest(service=service))
        watched = [each async for each in health.Watch(HealthCheckRequest(service=service))]

    serving = HealthCheckResponse(status=HealthCheckResponse.SERVING)
    assert (checked, watched) == (serving, [serving])


async def test_health_is_not_listed() -> None:
    """As existing services have it: there is one status, whatever the name."""
    async with served(echo) as caller:
        listing: Any = caller.channel.unary_unary("/grpc.health.v1.Health/List")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await listing(b"")

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def _hanging(cancelled: asyncio.Event, begun: asyncio.Event | None = None) -> "Hang":
    return Hang(cancelled, begun or asyncio.Event())


class Hang:
    """An evaluation that ends by cancellation only."""

    def __init__(self, cancelled: asyncio.Event, begun: asyncio.Event) -> None:
        self._cancelled = cancelled
        self._begun = begun

    async def __call__(self, _: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        self._begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self._cancelled.set()
            raise
        return EvaluationResponse(resource_list=INPUT)
