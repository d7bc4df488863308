"""The channel of a pod, against a real server in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
import pytest

from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.functions.wire.service import METHOD, SERVICE, STATUS_DETAILS
from porch.kpt.evaluate import ResultItem
from porch.runtime.tracing import working
from porch_function_runner.failures import FunctionFailed, OutOfTime, TooLarge
from porch_function_runner.pods.answers import BadWrapper
from porch_function_runner.pods.connection import GrpcConnection, connect
from porch_function_runner.pods.failures import Unreachable
from porch_function_runner.statuses import details_of
from tests.unit.spans import recorder

pytestmark = pytest.mark.process

Context = grpc.aio.ServicerContext[EvaluateFunctionRequest, EvaluateFunctionResponse]
Wrapper = Callable[[EvaluateFunctionRequest, Context], Awaitable[EvaluateFunctionResponse]]
REQUEST = EvaluateFunctionRequest(image="fn:v1", resource_list=b"x")
SOON = timedelta(seconds=10)


@asynccontextmanager
async def connected(wrapper: Wrapper) -> AsyncGenerator[GrpcConnection, None]:
    """A connection to a pod whose wrapper answers so."""

    async def answer(
        request: EvaluateFunctionRequest, context: Context
    ) -> EvaluateFunctionResponse:
        return await wrapper(request, context)

    server = grpc.aio.server()
    method = grpc.unary_unary_rpc_method_handler(
        answer,  # gRPC must see a coroutine function
        request_deserializer=EvaluateFunctionRequest.FromString,
        response_serializer=EvaluateFunctionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    connection = await connect("p", f"127.0.0.1:{port}", max_message_bytes=1 << 20, within=SOON)
    try:
        yield connection
    finally:
        await connection.close()
        await server.stop(None)


class Slow:
    """A function that does not end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self, _: EvaluateFunctionRequest, __: Context) -> EvaluateFunctionResponse:
        self.begun.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_pod_that_is_given_up_loses_its_calls_but_does_not_cancel_their_callers() -> None:
    """gRPC ends such a call by a cancellation, which must not look like the caller's own."""
    slow = Slow()
    async with connected(slow) as connection:
        call = asyncio.create_task(connection.evaluate(REQUEST, SOON))
        await slow.begun.wait()
        connection.abandon()

        with pytest.raises(Unreachable, match="pod p went while it had the call"):
            await call
        with pytest.raises(Unreachable):
            await connection.evaluate(REQUEST, SOON)


async def test_a_caller_that_goes_cancels_its_call() -> None:
    """And is not given to another pod."""
    slow = Slow()
    async with connected(slow) as connection:
        call = asyncio.create_task(connection.evaluate(REQUEST, SOON))
        await slow.begun.wait()
        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_function_that_fails_tells_its_exit_code_results_and_words() -> None:
    """What our wrapper sends beside the text of the status."""
    failed = FunctionFailed("no", exit_code=3, results=(ResultItem(message="bad"),), log=b"said")

    async def fail(_: EvaluateFunctionRequest, context: Context) -> EvaluateFunctionResponse:
        details = ((STATUS_DETAILS, details_of(failed, limit_bytes=4096)),)
        await context.abort(grpc.StatusCode.INTERNAL, "it failed", trailing_metadata=details)
        raise AssertionError

    async with connected(fail) as connection:
        with pytest.raises(FunctionFailed) as found:
            await connection.evaluate(REQUEST, SOON)

    assert str(found.value) == (
        "unable to evaluate fn:v1 with pod evaluator: rpc error: code = Internal desc = it failed"
    )
    assert (found.value.exit_code, found.value.log) == (3, b"said")
    assert found.value.results == (ResultItem(message="bad"),)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INTERNAL, FunctionFailed),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, TooLarge),
        (grpc.StatusCode.DEADLINE_EXCEEDED, OutOfTime),
        (grpc.StatusCode.UNAVAILABLE, Unreachable),
        (grpc.StatusCode.CANCELLED, Unreachable),
        (grpc.StatusCode.UNIMPLEMENTED, BadWrapper),
    ],
)
async def test_each_status_of_a_wrapper_has_its_meaning(
    code: grpc.StatusCode, error: type[Exception]
) -> None:
    """Also without details, as older wrappers answer."""

    async def refuse(_: EvaluateFunctionRequest, context: Context) -> EvaluateFunctionResponse:
        await context.abort(code, "because")
        raise AssertionError

    async with connected(refuse) as connection:
        with pytest.raises(error):
            await connection.evaluate(REQUEST, SOON)


async def test_a_pod_that_takes_no_connections_is_told_with_what_to_look_at() -> None:
    """Ready, as the kubelet sees it, and yet out of reach: a network policy, or the DNS."""
    with pytest.raises(Unreachable, match="check network policies, the Service"):
        await connect("p", "127.0.0.1:1", max_message_bytes=1, within=timedelta(seconds=0.3))


async def test_the_context_of_a_trace_reaches_the_pod() -> None:
    """For wrappers that take part in it."""
    recorder()
    heard: list[str] = []

    async def note(_: EvaluateFunctionRequest, context: Context) -> EvaluateFunctionResponse:
        heard.extend(key for key, _ in context.invocation_metadata() or ())
        return EvaluateFunctionResponse()

    async with connected(note) as connection:
        with working("a render", {}):
            await connection.evaluate(REQUEST, SOON)

    assert "traceparent" in heard
