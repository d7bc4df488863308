"""A real server in this process, around whatever evaluates, and a bare client as others have it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
from prometheus_client import CollectorRegistry

from porch.functions.wire.details import failed_evaluation
from porch.functions.wire.evaluator_pb2 import (
    EvaluateFunctionRequest,
    EvaluateFunctionResponse,
    FailedEvaluation,
)
from porch.functions.wire.service import DETAILS_BYTES, PATH
from porch_function_runner.chain import EvaluatorChain
from porch_function_runner.evaluation import (
    Deadline,
    EvaluationRequest,
    EvaluationResponse,
    Evaluator,
)
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.serving import serve
from porch_function_runner.settings import ServerSettings

IMAGE = "registry.example/fn/set:v1"
INPUT = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"

Answer = Callable[[EvaluationRequest, Deadline], Awaitable[EvaluationResponse]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Speaks the bare wire."""

    channel: grpc.aio.Channel
    address: str

    async def __call__(
        self,
        *,
        image: str = IMAGE,
        resource_list: bytes = INPUT,
        seconds: float = 30,
        details_bytes: int | None = None,
    ) -> EvaluateFunctionResponse:
        method = self.channel.unary_unary(
            PATH,
            request_serializer=EvaluateFunctionRequest.SerializeToString,
            response_deserializer=EvaluateFunctionResponse.FromString,
        )
        metadata = () if details_bytes is None else ((DETAILS_BYTES, str(details_bytes)),)
        request = EvaluateFunctionRequest(resource_list=resource_list, image=image)
        answer: EvaluateFunctionResponse = await method(request, timeout=seconds, metadata=metadata)
        return answer


@dataclass(slots=True)
class Evaluations:
    """An evaluator that answers as a test wants, and remembers what it was asked."""

    answer: Answer
    name: str = "test"
    asked: list[EvaluationRequest] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        self.asked.append(request)
        self.deadlines.append(deadline)
        return await self.answer(request, deadline)

    def state(self) -> dict[str, object]:
        return {"asked": len(self.asked)}


def chain(*evaluators: Evaluator) -> EvaluatorChain:
    """These, in this order."""
    return EvaluatorChain(evaluators, EvaluationMetrics(CollectorRegistry()))


@asynccontextmanager
async def served(
    evaluate: Answer,
    *,
    longest: timedelta = timedelta(minutes=1),
    limit: int = 6 << 20,
    inputs: int = 256 << 20,
) -> AsyncGenerator[Caller, None]:
    """A caller of a server that evaluates so."""
    settings = ServerSettings(
        port=0,
        evaluation_timeout=longest,
        max_request_body_size=limit,
        max_inputs_bytes=inputs,
        shutdown_grace=timedelta(),
    )
    metrics = EvaluationMetrics(CollectorRegistry())
    async with serve(evaluate, metrics, settings) as server, channel(server.port) as opened:
        yield Caller(opened, f"127.0.0.1:{server.port}")


@asynccontextmanager
async def channel(port: int) -> AsyncGenerator[grpc.aio.Channel, None]:
    """A plain channel with the limits that every client has by default, but for messages."""
    options = [
        ("grpc.max_receive_message_length", 64 << 20),
        ("grpc.max_send_message_length", 64 << 20),
        ("grpc.max_metadata_size", 512 << 10),
        ("grpc.absolute_max_metadata_size", 512 << 10),
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as opened:
        yield opened


def said(err: grpc.aio.AioRpcError) -> FailedEvaluation:
    """What the function said, from the details of an error."""
    found = failed_evaluation(tuple(err.trailing_metadata()))
    assert found is not None
    return found
