"""What those know of the function runner who speak no gRPC: where it is and what it takes."""

from dataclasses import dataclass
from datetime import timedelta

from porch.errors import Transient
from porch.functions.wire.service import DEFAULT_MESSAGE_BYTES


class RunnerUnavailable(Transient):
    """The function runner cannot be reached, or cannot take the call at the moment."""

    reason = "FunctionRunnerUnavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """The function runner. Environment prefix: PORCH_RUNNER_."""

    address: str = ""  # host:port, or a target of gRPC; "": there is none
    timeout: timedelta = timedelta(seconds=90)  # of one call, the start of a pod included
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES  # the runner's `--max-request-body-size`
