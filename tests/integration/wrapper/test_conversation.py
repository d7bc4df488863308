"""The wrapper speaks with a client of the C core, as the function runner is one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator

import grpc
import msgspec
import pytest
from google.rpc.status_pb2 import Status
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from porch.functions.wire.evaluator_pb2 import (
    EvaluateFunctionRequest,
    EvaluateFunctionResponse,
    FailedEvaluation,
)
from porch.functions.wire.service import DETAILS_BYTES, PATH, STATUS_DETAILS
from porch_devcluster.build import wrapper

pytestmark = pytest.mark.process

WITHIN = 10.0  # seconds
IMAGE = "registry.example/set-labels:v0.1.5"
LIST = b"kind: ResourceList\nitems: []\n"
# Fails as its input says, so that one wrapper serves all of the tests.
FUNCTION = """
input=$(cat)
echo 'kind: ResourceList'
case "$input" in
*fail*)
    echo 'results:'
    for i in $(seq 300); do echo "- {message: result number $i, severity: error}"; done
    yes 'a long complaint' | head -n 5000 >&2
    exit 2;;
esac
echo done >&2
"""

Evaluate = Callable[..., EvaluateFunctionResponse]


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A channel to a wrapper whose function is a shell script."""
    argv = [str(wrapper()), "--port", "0", "--", "/bin/sh", "-c", FUNCTION]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        listening = re.search(r":(\d+)$", server.stderr.readline())
        assert listening is not None
        with grpc.insecure_channel(f"127.0.0.1:{listening[1]}") as opened:
            yield opened
        server.terminate()
        server.communicate()


@pytest.fixture
def evaluate(channel: grpc.Channel) -> Evaluate:
    """The method, by its path."""
    return channel.unary_unary(
        PATH,
        request_serializer=EvaluateFunctionRequest.SerializeToString,
        response_deserializer=EvaluateFunctionResponse.FromString,
    )


def failure_of(
    evaluate: Evaluate, *metadata: tuple[str, str]
) -> tuple[grpc.Call, FailedEvaluation]:
    """The call that failed, and what it says for programs."""
    request = EvaluateFunctionRequest(image=IMAGE, resource_list=b"fail")
    with pytest.raises(grpc.RpcError) as refused:
        evaluate(request, timeout=WITHIN, metadata=metadata)
    call = refused.value
    assert isinstance(call, grpc.Call)
    trailers = {key: value for key, value in call.trailing_metadata() or ()}
    status, failed = Status.FromString(trailers[STATUS_DETAILS]), FailedEvaluation()
    assert status.details[0].Unpack(failed)
    return call, failed


def test_a_function_is_evaluated(evaluate: Evaluate) -> None:
    """The bytes of standard output and standard error, as they are."""
    request = EvaluateFunctionRequest(image=IMAGE, resource_list=LIST)
    answer = evaluate(request, timeout=WITHIN)

    assert (answer.resource_list, answer.log) == (b"kind: ResourceList\n", b"done\n")


def test_a_failure_fits_into_what_a_client_takes(evaluate: Evaluate) -> None:
    """More metadata than 8 KiB would turn each failure into one of the transport."""
    call, failed = failure_of(evaluate)

    assert call.code() == grpc.StatusCode.INTERNAL
    assert str(call.details()).startswith(f'failed to evaluate function "{IMAGE}" with structured')
    assert str(call.details()).endswith("a long complaint\n")
    assert failed.exit_code == 2
    assert failed.omitted_results > 0


def test_a_caller_gets_as_much_as_it_asks_for(evaluate: Evaluate) -> None:
    """A runner that keeps results takes all of them; its channel is made for it."""
    # This client's own limit is the default one, so the wish stays below it.
    _, few = failure_of(evaluate)
    _, more = failure_of(evaluate, (DETAILS_BYTES, "3072"))

    assert more.omitted_results < few.omitted_results
    assert len(msgspec.json.decode(more.results)) == 300 - more.omitted_results


def test_it_is_healthy(channel: grpc.Channel) -> None:
    """The kubelet asks this before a pod becomes Ready."""
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=HealthCheckRequest.SerializeToString,
        response_deserializer=HealthCheckResponse.FromString,
    )
    answer = check(HealthCheckRequest(), timeout=WITHIN)

    assert answer.status == HealthCheckResponse.SERVING
