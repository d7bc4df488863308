"""What a wrapper's refusal means to the caller.

Pure. A function that failed comes as INTERNAL with its text, and from our wrapper with structured
details beside it; the text keeps the layers by which users find it.
"""

import grpc

from porch.errors import Permanent, PorchError
from porch.functions.wire.details import failed_evaluation, results_of
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
            return TooLarge(
                f"{_text(err, image)}: let it print less, or raise `--max-request-body-size` here"
                " and the caller's limit alike"
            )
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return OutOfTime(image)
        case _:
            return BadWrapper(
                f"{_text(err, image)}: the wrapper in the pod must be that of this release, see"
                " `WRAPPER_SERVER_IMAGE`"
            )


def _failed(err: grpc.aio.AioRpcError, image: str) -> FunctionFailed:
    said = failed_evaluation(tuple(err.trailing_metadata() or ()))
    if said is None:
        return FunctionFailed(_text(err, image))
    return FunctionFailed(
        _text(err, image),
        exit_code=said.exit_code or 1,
        results=results_of(said),
        log=said.log,
    )


def _text(err: grpc.aio.AioRpcError, image: str) -> str:
    code = "".join(part.capitalize() for part in err.code().name.split("_"))
    said = f"rpc error: code = {code} desc = {err.details()}"
    return f"unable to evaluate {image} with pod evaluator: {said}"
