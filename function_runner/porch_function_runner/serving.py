"""The gRPC server: what is registered, its limits, and how it stops."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2_grpc

from porch.errors import Permanent
from porch_function_runner.admission import Admission
from porch_function_runner.chain import Evaluate
from porch_function_runner.health import Health
from porch_function_runner.meters import EvaluationMetrics
from porch_function_runner.service import EvaluationService
from porch_function_runner.settings import ServerSettings


class PortTaken(Permanent):
    """The port of the service cannot be listened on."""

    reason = "PortTaken"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    port: int
    health: Health


@asynccontextmanager
async def serve(
    evaluate: Evaluate, metrics: EvaluationMetrics, settings: ServerSettings
) -> AsyncGenerator[Served, None]:
    """Answer until the end of the block; then calls may go on for the grace, and no longer."""
    limit = settings.max_request_body_size
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
            ("grpc.so_reuseport", 0),
            # Callers that keep one connection for hours must find new replicas and leave old ones.
            ("grpc.max_connection_age_ms", 300_000),
            ("grpc.max_connection_age_grace_ms", _milliseconds(settings)),
        ]
    )
    health = Health()
    service = EvaluationService(
        evaluate=evaluate,
        admission=Admission(settings.max_inputs_bytes),
        metrics=metrics,
        timeout=settings.evaluation_timeout,
        max_message_bytes=limit,
    )
    server.add_generic_rpc_handlers((service.handler(),))
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    try:
        port = server.add_insecure_port(f"[::]:{settings.port}")
    except RuntimeError as err:
        raise PortTaken(
            f"port {settings.port} must be free to listen on; name another by `--port`: {err}"
        ) from err
    await server.start()
    try:
        yield Served(port, health)
    finally:
        health.leave()
        await server.stop(settings.shutdown_grace.total_seconds())


def _milliseconds(settings: ServerSettings) -> int:
    """The longest that a call may last."""
    return int(settings.evaluation_timeout.total_seconds() * 1000)
