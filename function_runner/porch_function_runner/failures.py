"""Why there is no answer. What the caller sees of each is in `statuses`.

    PorchError
    ├── Permanent
    │   ├── BadRequest         the request cannot be one
    │   ├── NotServed          no evaluator has the function; the next one is asked
    │   ├── FunctionFailed     it ran and failed, or printed what cannot be read
    │   ├── TooLarge           an input or output is beyond the limit of messages
    │   └── OutOfTime          no answer by the deadline
    └── Transient
        └── Overloaded         too many calls wait already

Messages begin with the words that existing callers look for.
"""

import json

from porch.errors import Permanent, Transient
from porch.kpt.evaluate import ResultItem


def quoted(image: str) -> str:
    """An image between double quotes, control characters escaped."""
    return json.dumps(image, ensure_ascii=False)


class BadRequest(Permanent):
    """A request lacks what every request must have."""

    reason = "BadRequest"


class NotServed(Permanent):
    """An evaluator does not have the function."""

    reason = "FunctionNotFound"

    def __init__(self, image: str, hint: str = "") -> None:
        super().__init__(f"function {quoted(image)} not found" + (f": {hint}" if hint else ""))


class FunctionFailed(Permanent):
    """A function did not succeed."""

    reason = "FunctionFailed"

    def __init__(
        self,
        message: str,
        *,
        exit_code: int = 1,
        results: tuple[ResultItem, ...] = (),
        log: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # 128 + N when signal N ended it
        self.results = results
        self.log = log  # its standard error


class TooLarge(Permanent):
    """An input or output is larger than a message may be."""

    reason = "MessageTooLarge"


class OutOfTime(Permanent):
    """A function did not end in the time that its caller gave it."""

    reason = "FunctionTimedOut"

    def __init__(self, image: str) -> None:
        super().__init__(
            f"function evaluation timed out for {image}: it must end before the caller's deadline"
            " and the runner's `--evaluation-timeout`, and was stopped: make it faster, or raise"
            " both"
        )


class Overloaded(Transient):
    """More calls wait than may."""

    reason = "RunnerOverloaded"
