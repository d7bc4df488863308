"""Where the function runner is and what it takes. No gRPC: that is for those who have a runner."""

from dataclasses import dataclass
from datetime import timedelta

from porch.functions.wire.service import DEFAULT_MESSAGE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """The function runner. Environment prefix: PORCH_RUNNER_."""

    address: str = ""  # host:port, or a target of gRPC; "": there is none
    timeout: timedelta = timedelta(seconds=90)  # of one call, the start of a pod included
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES  # the runner's `--max-request-body-size`
