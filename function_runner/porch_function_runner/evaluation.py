"""The port of evaluators: one call of one function, and who answers it.

Pure shapes. An evaluator answers, or raises one of `failures`; NotServed hands the call on to the
next. It is cancelled when the caller has gone or the deadline has passed, and must then leave
nothing behind: no process, no place in a queue, no count.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant by which an answer is worth something."""

    at: float  # time.monotonic()

    @classmethod
    def within(cls, span: timedelta) -> Self:
        """That long from now."""
        return cls(time.monotonic() + span.total_seconds())

    def remaining(self) -> timedelta:
        """What is left; zero when it has passed."""
        return timedelta(seconds=max(0.0, self.at - time.monotonic()))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """One function to run. The bytes are opaque: they are handed on as they came."""

    image: str  # as the caller sent it: a full reference
    resource_list: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationResponse:
    """What a function that succeeded left."""

    resource_list: bytes  # its standard output, as it is
    log: bytes = b""  # its standard error
    digest: str = ""  # of the image that ran, "sha256:<hex>"; "" where it is not known


class Evaluator(Protocol):
    """Runs the functions that it serves."""

    @property
    def name(self) -> str:
        """A label of metrics and logs: `exec`, `pod`."""
        ...

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """Run the function, or raise NotServed."""
        ...

    def state(self) -> dict[str, object]:
        """What it does now, as JSON data for people who look for a fault."""
        ...
