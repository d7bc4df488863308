"""Functions that a function runner evaluates, by gRPC.

I/O       the network: one channel, over which all calls go, spread over the runner's replicas when
          the address names several (DNS). It is synchronous, as renders are: each process that
          renders has its own channel, so that no package goes through the operator's event loop
          and killing a worker ends its calls.
Waiting   each call has a deadline. What may pass (a replica that goes, a full queue) is tried
          again a few times, since functions are pure; what is for good never is.
Errors    see `remotefailure`. A function that ran and failed is an outcome with what it said, as
          with any runtime.
Bounds    `max_message_bytes`, checked before anything is sent.
Source    function runner's wire, `porch.functions.wire`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from porch.functions.registry import FunctionRegistry
from porch.functions.remotefailure import outcome
from porch.functions.remotesettings import RemoteSettings
from porch.functions.wire.evaluator_pb2 import (
    EvaluateFunctionRequest,
    EvaluateFunctionResponse,
)
from porch.functions.wire.service import (
    DETAILS_BYTES,
    FUNCTION_DIGEST,
    METHOD,
    PATH,
    SERVICE,
)
from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.resourcelist import read_printed, write_input
from porch.runtime.tracing import calling, outgoing

_TAKEN_DETAILS_BYTES = 256 << 10
_METADATA_BYTES = 512 << 10  # details, text and what gRPC adds
_ATTEMPTS = 4
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:")  # of gRPC's own targets


class RunnerClient:
    """Calls a function runner. Open it with `open_runner`."""

    def __init__(self, channel: grpc.Channel, settings: RemoteSettings) -> None:
        self.settings = settings
        self._method = channel.unary_unary(
            PATH,
            request_serializer=EvaluateFunctionRequest.SerializeToString,
            response_deserializer=EvaluateFunctionResponse.FromString,
        )

    def evaluate(self, request: EvaluateFunctionRequest) -> tuple[EvaluateFunctionResponse, str]:
        """The answer, and the digest of what ran ("" where unknown); else grpc.RpcError."""
        with calling(METHOD, {"function.image": request.image}):
            metadata = ((DETAILS_BYTES, str(_TAKEN_DETAILS_BYTES)), *outgoing())
            limit = self.settings.timeout.total_seconds()
            response, call = self._method.with_call(request, timeout=limit, metadata=metadata)
        said = dict(call.trailing_metadata() or ())
        return response, str(said.get(FUNCTION_DIGEST, ""))

    def runtime(self, registry: FunctionRegistry) -> "RemoteRuntime":
        """The runtime that has everything run there."""
        return RemoteRuntime(self, registry)


@contextmanager
def open_runner(settings: RemoteSettings) -> Iterator[RunnerClient]:
    """A client, closed at the end; nothing is connected before the first call."""
    with grpc.insecure_channel(_target(settings.address), options=_options(settings)) as channel:
        yield RunnerClient(channel, settings)


@dataclass(frozen=True, slots=True)
class RemoteRuntime:
    """Has the runner run every function that is an image."""

    client: RunnerClient
    registry: FunctionRegistry = field(default_factory=FunctionRegistry)

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """Send the items there and read what comes back; None for a function that is no image."""
        if call.image is None:
            return None
        image = str(self.registry.resolve(call.image, tag=call.tag))
        text = write_input(call.items, call.config).encode()
        request = EvaluateFunctionRequest(resource_list=text, image=image)
        settings = self.client.settings
        _check_size(request, settings.max_message_bytes)
        try:
            response, digest = self.client.evaluate(request)
        except grpc.RpcError as err:
            return outcome(err, image, asked=settings.address, within=settings.timeout)
        listed = read_printed(response.resource_list)
        return FunctionOutput(
            items=listed.items,
            results=listed.results,
            stderr=response.log.decode(errors="replace"),
            through_text=True,
            is_empty=listed.is_empty,
            image=f"{image}@{digest}" if digest and "@" not in image else image,
        )


def _check_size(request: EvaluateFunctionRequest, limit: int) -> None:
    found = request.ByteSize()
    if found > limit:
        raise FunctionNotRun(
            f"the resources for function {request.image!r} must have at most {limit} bytes, found"
            f" {found}: select fewer of them or split the package; or raise"
            " `PORCH_RUNNER_MAX_MESSAGE_BYTES` here and `--max-request-body-size` of the runner"
        )


# -- the channel


def _target(address: str) -> str:
    """A plain host:port is resolved again and again, so that new replicas are found."""
    return address if address.startswith(_SCHEMES) else f"dns:///{address}"


def _options(settings: RemoteSettings) -> list[tuple[str, int | str]]:
    limit = settings.max_message_bytes
    return [
        ("grpc.max_send_message_length", limit),
        ("grpc.max_receive_message_length", limit),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.per_rpc_retry_buffer_size", limit + (1 << 10)),  # what is larger is not sent again
        # The runner is in the cluster; the proxy of the environment leads out of it.
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ]


_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": SERVICE}],
            "retryPolicy": {
                "maxAttempts": _ATTEMPTS,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
