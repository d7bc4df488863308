"""The one tree of errors.

A class says what happens next, by its disposition; the subclass states the fact.

    PorchError
    ├── Transient          RETRY: the same attempt may succeed later; back off, for ever
    │   └── Conflict       RETRY: the world moved between our read and our write; read again
    ├── Waiting            WAIT: something else must happen first; its event wakes us
    └── Permanent          STALL: only an edit of an input helps

Leaves live beside the code that raises them. `reason` is CamelCase, stable, and part of the API:
it becomes the reason of a condition and of an Event. Messages say what must hold, what was found
and what to do; user values are quoted, fields are in backquotes, and no secret or URL query is in
them.
"""

from enum import StrEnum
from typing import ClassVar


class Disposition(StrEnum):
    """What the caller does with an error."""

    RETRY = "retry"
    WAIT = "wait"
    STALL = "stall"


class PorchError(Exception):
    """Root of every error that this project raises on purpose."""

    reason: ClassVar[str] = "Failed"
    disposition: ClassVar[Disposition] = Disposition.STALL


class Transient(PorchError):
    """The same attempt may succeed later."""

    reason = "Transient"
    disposition = Disposition.RETRY


class Conflict(Transient):
    """Somebody changed the thing between our read and our write."""

    reason = "Conflict"


class Waiting(PorchError):
    """Something else must happen first."""

    reason = "Waiting"
    disposition = Disposition.WAIT


class Permanent(PorchError):
    """Nothing changes until somebody edits an input."""

    reason = "Invalid"
    disposition = Disposition.STALL
