"""The one gRPC channel of a pod, and the calls on it.

I/O       plaintext HTTP/2; one channel for all calls of the pod, closed with it.
Errors    Unreachable when the pod did not answer: it is not known whether the function ran, which
          does not matter, as functions have no effects. FunctionFailed, TooLarge and OutOfTime are
          answers. A wrapper that stops answers UNAVAILABLE or CANCELLED, as does a broken network.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

import grpc

from porch.errors import PorchError
from porch.functions.wire.evaluator_pb2 import EvaluateFunctionRequest, EvaluateFunctionResponse
from porch.functions.wire.service import DETAILS_BYTES, PATH
from porch.runtime.tracing import outgoing
from porch_function_runner.pods.answers import answer_of
from porch_function_runner.pods.failures import Unreachable

_DETAILS_BYTES = 64 << 10  # of what a function that failed had to say
_METADATA = ((DETAILS_BYTES, str(_DETAILS_BYTES)),)

Connect = Callable[[str, str], Awaitable["Connection"]]  # pod, target


class Connection(Protocol):
    """A way to one pod."""

    @property
    def pod(self) -> str:
        """The name of the pod."""
        ...

    async def evaluate(
        self, request: EvaluateFunctionRequest, within: timedelta
    ) -> EvaluateFunctionResponse:
        """The answer of the pod's wrapper."""
        ...

    def abandon(self) -> None:
        """End the calls that are under way: the pod is lost to them."""
        ...

    async def close(self) -> None:
        """Give the network's resources back."""
        ...


class GrpcConnection:
    """A channel to a wrapper. Build it with `connect`."""

    def __init__(self, pod: str, channel: grpc.aio.Channel) -> None:
        self.pod = pod
        self._channel = channel
        self._method = channel.unary_unary(
            PATH,
            request_serializer=EvaluateFunctionRequest.SerializeToString,
            response_deserializer=EvaluateFunctionResponse.FromString,
        )
        self._active: set[grpc.aio.Call] = set()
        self._is_abandoned = False

    async def evaluate(
        self, request: EvaluateFunctionRequest, within: timedelta
    ) -> EvaluateFunctionResponse:
        """The answer of the wrapper; see the module for the errors."""
        if self._is_abandoned:
            raise self._lost()
        metadata = (*_METADATA, *outgoing())
        call = self._method(request, timeout=within.total_seconds(), metadata=metadata)
        self._active.add(call)
        try:
            return await call
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._is_abandoned and task is not None and not task.cancelling():
                raise self._lost() from None
            raise
        except grpc.aio.AioRpcError as err:
            raise self._error(err, request.image) from err
        finally:
            self._active.discard(call)

    def abandon(self) -> None:
        """End the calls that are under way: the pod is lost to them."""
        self._is_abandoned = True
        for call in list(self._active):
            call.cancel()

    async def close(self) -> None:
        """Give the network's resources back."""
        self.abandon()
        await self._channel.close()

    def _lost(self) -> Unreachable:
        return Unreachable(f"pod {self.pod} went while it had the call")

    def _error(self, err: grpc.aio.AioRpcError, image: str) -> PorchError:
        if err.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return Unreachable(f"pod {self.pod} does not answer: {err.details()}")
        return answer_of(err, image)


async def connect(
    pod: str, target: str, *, max_message_bytes: int, within: timedelta
) -> GrpcConnection:
    """A connection that is established, or Unreachable."""
    channel = grpc.aio.insecure_channel(
        target,
        options=[
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.max_send_message_length", max_message_bytes),
            ("grpc.max_metadata_size", 2 * _DETAILS_BYTES),
            # Pods are in the cluster: their names and addresses are not for a proxy.
            ("grpc.enable_http_proxy", 0),
            # Each pod its own connection: addresses are used again for other pods.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ],
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            await channel.channel_ready()
    except TimeoutError as err:
        await channel.close()
        span = within.total_seconds()
        raise Unreachable(
            f"pod {pod} is ready and must take connections at {target} within {span:g} s; check"
            " network policies, the Service and the cluster's DNS"
        ) from err
    except BaseException:
        await channel.close()
        raise
    return GrpcConnection(pod, channel)
