"""What a wrapper's refusal means to the caller.

Pure. A function that failed comes as INTERNAL with its text, and from our wrapper with structured
details beside it; the text keeps the layers by which users find it.
"""

import grpc
import msgspec
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from porch.errors import Permanent, PorchError
from porch.functions.wire.evaluator_pb2 import FailedEvaluation
from porch.functions.wire.service import STATUS_DETAILS
from porch.kpt.resourcelist import read_results
from porch.kpt.yaml.node import Node
from porch_function_runner.failures import FunctionFailed, OutOfTime, TooLarge


class BadWrapper(Permanent):
    """The program in a function's pod answered with something that no wrapper says."""

    reason = "BadWrapper"


def answer_of(err: grpc.aio.AioRpcError, image: str) -> PorchError:
    """Our error for what a wrapper refused with."""
    match err.code():
        case grpc.StatusCode.INTERNAL:
            return _failed(err, image)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return TooLarge(f"{_text(err, image)}: raise `--max-request-body-size`")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return OutOfTime(image)
        case _:
            return BadWrapper(_text(err, image))


def _failed(err: grpc.aio.AioRpcError, image: str) -> FunctionFailed:
    details = _details(err)
    if details is None:
        return FunctionFailed(_text(err, image))
    results = Node.from_data(msgspec.json.decode(details.results)) if details.results else None
    return FunctionFailed(
        _text(err, image),
        exit_code=details.exit_code or 1,
        results=read_results(results),
        log=details.log,
    )


def _details(err: grpc.aio.AioRpcError) -> FailedEvaluation | None:
    """What the function had to say; None when the wrapper does not tell, or not in our words."""
    for key, value in err.trailing_metadata() or ():
        if key == STATUS_DETAILS and isinstance(value, bytes):
            try:
                status = Status.FromString(value)
            except DecodeError:
                return None
            return _unpacked(status)
    return None


def _unpacked(status: Status) -> FailedEvaluation | None:
    failed = FailedEvaluation()
    return failed if any(each.Unpack(failed) for each in status.details) else None


def _text(err: grpc.aio.AioRpcError, image: str) -> str:
    code = "".join(part.capitalize() for part in err.code().name.split("_"))
    said = f"rpc error: code = {code} desc = {err.details()}"
    return f"unable to evaluate {image} with pod evaluator: {said}"
