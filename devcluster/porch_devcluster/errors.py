"""What can go wrong between a checkout and a running cluster.

    DevclusterError
    ├── BuildFailed        the Go program cannot be built
    ├── WheelNotInstalled  a tool that comes as a Python wheel cannot be had
    ├── ToolMissing        a program that must be on PATH is not there, or too old
    ├── NodeUnavailable    this machine or this user cannot run pods
    ├── NotReady           a component did not become ready in time, or exited
    ├── NotRunning         the persistent cluster is asked for, and there is none
    ├── CommandFailed      kubectl or git ended with an error
    ├── ApiStatus          the API server refused a request
    ├── PushRefused        a registry did not take an image
    └── Timeout            what was waited for did not come true before its deadline

Every message says what must hold, what was found, and what to do about it.
"""

from __future__ import annotations

from datetime import timedelta


class DevclusterError(Exception):
    """The whole tree; a command line prints its text and nothing else."""


class BuildFailed(DevclusterError):
    """The control plane's program cannot be built."""


class WheelNotInstalled(DevclusterError):
    """A tool that is delivered as a Python wheel could not be installed."""


class ToolMissing(DevclusterError):
    """A program that must be on PATH is absent or too old."""


class NodeUnavailable(DevclusterError):
    """Pods cannot run here: the user, the kernel or a package is not what they need."""


class NotReady(DevclusterError):
    """A component exited, or was not ready before its deadline."""


class NotRunning(DevclusterError):
    """There is no persistent cluster of that name."""


class CommandFailed(DevclusterError):
    """A program that was run for the caller ended with an error."""

    def __init__(self, command: str, *, status: int, output: str) -> None:
        super().__init__(f"`{command}` must succeed, ended with {status}: {output.strip()}")
        self.command, self.status, self.output = command, status, output


class ApiStatus(DevclusterError):
    """The API server's refusal, as the Status object that it answered."""

    def __init__(self, request: str, *, code: int, reason: str, message: str) -> None:
        super().__init__(f"{request}: {code} {reason}: {message}")
        self.code, self.reason, self.message = code, reason, message


class PushRefused(DevclusterError):
    """A registry answered a push with something else than that it took it."""


class Timeout(DevclusterError):
    """A condition that did not come true in time."""

    def __init__(self, what: str, *, within: timedelta, last: str) -> None:
        super().__init__(
            f"{what} must happen within {within.total_seconds():g} s; last seen: {last}"
        )
        self.within, self.last = within, last
