"""The standard health service, as existing probes expect it.

`Check` answers for any service name; `Watch` answers once and ends. NOT_SERVING from the moment
that the process is told to stop, so that balancers turn away before it does.
"""

from collections.abc import AsyncIterator

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer

_Context = grpc.aio.ServicerContext[HealthCheckRequest, HealthCheckResponse]


class Health(HealthServicer):
    """Serving, until `leave`."""

    def __init__(self) -> None:
        self._is_leaving = False

    def leave(self) -> None:
        """Say from now on that no new call is wanted."""
        self._is_leaving = True

    async def Check(  # noqa: N802 (the name of the RPC)
        self,
        request: HealthCheckRequest,  # noqa: ARG002 (any service name will do)
        context: _Context,  # noqa: ARG002
    ) -> HealthCheckResponse:
        """The status of the process."""
        if self._is_leaving:
            return HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)
        return HealthCheckResponse(status=HealthCheckResponse.SERVING)

    async def Watch(  # noqa: N802 (the name of the RPC)
        self, request: HealthCheckRequest, context: _Context
    ) -> AsyncIterator[HealthCheckResponse]:
        """The status of this moment."""
        yield await self.Check(request, context)
