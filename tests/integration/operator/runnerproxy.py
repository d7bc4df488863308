"""A proxy between the operator's render workers and the function runner.

Every call is shown to a meddler, as every request of the operator is (`proxy`). Messages are passed
on as bytes, with what travels beside them, so neither side knows of the proxy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import grpc

from porch.functions.wire.service import METHOD, PATH, SERVICE
from tests.integration.operator.proxy import Asked, Meddler

_CALLS_AT_ONCE = 16
_HOPS_OWN = frozenset({"user-agent", "grpc-previous-rpc-attempts"})
_OPTIONS = [(f"grpc.max_{way}_message_length", 64 << 20) for way in ("send", "receive")] + [
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 20),
]


@dataclass(frozen=True, slots=True)
class _Hop:
    """The way of a call from a worker to the runner and back."""

    evaluate: grpc.UnaryUnaryMultiCallable[bytes, bytes]
    meddler: Meddler
    choosing: threading.Lock = field(default_factory=threading.Lock)  # calls come by many threads

    def __call__(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer one call, as the meddler lets it."""
        with self.choosing:
            treatment = self.meddler(Asked("POST", PATH, body, is_watch=False))
        time.sleep(treatment.delay)  # the weather's; others overtake the call meanwhile
        unheard = treatment.arrivals - (1 if treatment.is_answered else 0)
        for _ in range(unheard):
            with suppress(grpc.RpcError):
                self._forward(body, context)
        if not treatment.is_answered:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
        return self._pass_on(body, context)

    def _pass_on(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            answer, call = self._forward(body, context)
        except grpc.RpcError as error:
            said = tuple((each.key, each.value) for each in error.trailing_metadata())
            context.set_trailing_metadata(said)
            context.abort(error.code(), error.details() or "")
        context.set_trailing_metadata(call.trailing_metadata())
        return answer

    def _forward(self, body: bytes, context: grpc.ServicerContext) -> tuple[bytes, grpc.Call]:
        beside = tuple(each for each in context.invocation_metadata() if each[0] not in _HOPS_OWN)
        return self.evaluate.with_call(body, timeout=context.time_remaining(), metadata=beside)


@contextmanager
def runner_proxy(address: str, meddler: Meddler) -> Iterator[str]:
    """The address of a proxy before the runner at an address."""
    with (
        grpc.insecure_channel(address, options=_OPTIONS) as channel,
        ThreadPoolExecutor(_CALLS_AT_ONCE) as threads,
    ):
        server = grpc.server(threads, options=_OPTIONS)
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
            _Hop(channel.unary_unary(PATH), meddler)
        )
        services = grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})
        server.add_generic_rpc_handlers((services,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(grace=None).wait()
