"""What becomes of the errors of a function runner: an outcome, or one of our errors.

Pure.
Errors    RunnerUnavailable (transient): no runner answers, or it cannot take the call now.
          FunctionNotFound, FunctionNotRun (permanent): all else, a function that did not end in
          time among it. No class of gRPC gets past here.
"""

from datetime import timedelta

import grpc

from porch.functions.remotesettings import RunnerUnavailable
from porch.functions.runtime import FunctionNotFound
from porch.functions.wire.details import failed_evaluation, results_of
from porch.functions.wire.evaluator_pb2 import FailedEvaluation
from porch.kpt.evaluate import FunctionNotRun, FunctionOutput

_MAY_PASS = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
)


def outcome(err: grpc.RpcError, image: str, *, asked: str, within: timedelta) -> FunctionOutput:
    """The outcome of a function that failed; raises when it was not run to its end."""
    code: grpc.StatusCode = err.code()
    text = f'func eval "{image}" failed: rpc error: code = {_go_name(code)} desc = {err.details()}'
    if code is grpc.StatusCode.INTERNAL:
        return _failed(_said(err), text, image)
    if code is grpc.StatusCode.NOT_FOUND:
        raise FunctionNotFound(
            f"{text}; asked was the function runner {asked!r}: check the name and the tag, or see"
            " which runtimes it has"
        )
    if code in _MAY_PASS:
        raise RunnerUnavailable(
            f"{text}; asked was the function runner {asked!r}, and is again: if that goes on, look"
            " at its pods and at `porch_evaluation_calls_total`"
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        seconds = within.total_seconds()
        raise FunctionNotRun(
            f"{text}; it must end within {seconds:g} s, and was stopped: raise"
            " `PORCH_RUNNER_TIMEOUT` and the runner's `--evaluation-timeout`, or select fewer"
            " resources"
        )
    raise FunctionNotRun(text)


def _failed(said: FailedEvaluation | None, text: str, image: str) -> FunctionOutput:
    if said is None:  # a runner that knows of no details
        return FunctionOutput(items=[], stderr=text, exit_code=1, image=image)
    return FunctionOutput(
        items=[],
        results=results_of(said),
        stderr=said.log.decode(errors="replace") or text,
        exit_code=said.exit_code or 1,
        image=image,
    )


def _said(err: grpc.RpcError) -> FailedEvaluation | None:
    """What the function said."""
    return failed_evaluation((each.key, each.value) for each in err.trailing_metadata() or ())


def _go_name(code: grpc.StatusCode) -> str:
    """The code as texts of existing callers have it: `DeadlineExceeded`."""
    if code is grpc.StatusCode.CANCELLED:
        return "Canceled"
    return "".join(part.capitalize() for part in code.name.split("_"))
