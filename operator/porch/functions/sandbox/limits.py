"""What one piece of user-written code may use, and the error when it wants more. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from porch.errors import Permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one evaluation in the sandbox child."""

    time: timedelta = timedelta(seconds=10)  # wall clock; the child's CPU time has the same bound
    memory_bytes: int = 512 << 20  # address space of the child beyond what it has when idle
    ksteps: int = 200_000  # Starlark: thousands of loop turns and calls
    answer_bytes: int = 128 << 20  # encoded answer


class LimitExceeded(Permanent):
    """User-written code wanted more time, memory or steps than it may use."""

    reason = "FunctionLimitExceeded"


class RefusedByChild(Permanent):
    """User-written code is malformed or failed; the message is the interpreter's."""

    reason = "FunctionFailed"
