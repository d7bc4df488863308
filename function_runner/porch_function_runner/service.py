"""The gRPC service: requests in, answers or statuses out.

Cancellation of the caller, its deadline and ours all cancel the evaluation, which then leaves
nothing behind.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import grpc

from porch.errors import PorchError
from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.functions.wire.service import (
    DEFAULT_DETAILS_BYTES,
    DETAILS_BYTES,
    FUNCTION_DIGEST,
    METHOD,
    SERVICE,
    STATUS_DETAILS,
)
from porch.runtime.tracing import answering
from porch_function_runner.admission import Admission
from porch_function_runner.chain import Evaluate
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.failures import BadRequest, FunctionFailed, OutOfTime, TooLarge
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.statuses import code_of, details_of, text_of

logger = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[EvaluateFunctionRequest, EvaluateFunctionResponse]

_MOST_DETAILS_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationService:
    """Answers EvaluateFunction."""

    evaluate: Evaluate
    admission: Admission
    metrics: EvaluationMetrics
    timeout: timedelta  # of one call, whatever time its caller gives it
    max_message_bytes: int

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server registers."""
        method = grpc.unary_unary_rpc_method_handler(
            self._answer,
            request_deserializer=EvaluateFunctionRequest.FromString,
            response_serializer=EvaluateFunctionResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})

    async def _answer(
        self, request: EvaluateFunctionRequest, context: Context
    ) -> EvaluateFunctionResponse:
        outcome = grpc.StatusCode.UNKNOWN
        self.metrics.began()
        try:
            with answering(METHOD, {"function.image": request.image}, _metadata(context)):
                done = await self._evaluated(request, self._deadline(context))
                answer = self._answer_of(done, request.image)
                if done.digest:
                    context.set_trailing_metadata(((FUNCTION_DIGEST, done.digest),))
        except PorchError as err:
            outcome = code_of(err)
            await _refuse(err, context)
        except asyncio.CancelledError:  # the caller has left, or its deadline has passed
            outcome = grpc.StatusCode.CANCELLED
            raise
        else:
            outcome = grpc.StatusCode.OK
            return answer
        finally:
            self.metrics.ended(outcome.name)

    async def _evaluated(
        self, request: EvaluateFunctionRequest, deadline: Deadline
    ) -> EvaluationResponse:
        if not request.image:
            raise BadRequest("`image` must name the function, found an empty one")
        wanted = EvaluationRequest(image=request.image, resource_list=request.resource_list)
        try:
            async with asyncio.timeout(deadline.remaining().total_seconds()):
                with self.admission.of(len(wanted.resource_list)):
                    return await self.evaluate(wanted, deadline)
        except TimeoutError as err:
            raise OutOfTime(request.image) from err

    def _answer_of(self, done: EvaluationResponse, image: str) -> EvaluateFunctionResponse:
        answer = EvaluateFunctionResponse(resource_list=done.resource_list, log=done.log)
        if answer.ByteSize() > self.max_message_bytes:
            raise TooLarge(
                f"the answer of function {image} must have at most"
                f" {self.max_message_bytes} bytes, found {answer.ByteSize()}: raise"
                " `--max-request-body-size` here and the caller's limit alike"
            )
        return answer

    def _deadline(self, context: Context) -> Deadline:
        left = context.time_remaining()
        ours = self.timeout
        return Deadline.within(ours if left is None else min(ours, timedelta(seconds=left)))


async def _refuse(err: PorchError, context: Context) -> NoReturn:
    details: tuple[tuple[str, bytes], ...] = ()
    if isinstance(err, FunctionFailed):
        details = ((STATUS_DETAILS, details_of(err, limit_bytes=_details_bytes(context))),)
    await context.abort(code_of(err), text_of(err), trailing_metadata=details)


def _details_bytes(context: Context) -> int:
    """How large the details of an error may be, as the caller says."""
    for key, value in _metadata(context):
        if key == DETAILS_BYTES and isinstance(value, str) and value.isdecimal():
            return min(int(value[:9]), _MOST_DETAILS_BYTES)
    return DEFAULT_DETAILS_BYTES


def _metadata(context: Context) -> tuple[tuple[str, str | bytes], ...]:
    return tuple(context.invocation_metadata() or ())
