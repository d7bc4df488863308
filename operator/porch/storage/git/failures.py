"""What the git program means by its words. Pure; the words are those of the locale C."""

import re
from enum import Enum

_PREFIX = re.compile(r"^(fatal|error|remote): ")


class Cause(Enum):
    """Where a failure comes from."""

    UNTRUSTED = "the server could not be trusted"
    DENIED = "the server wants other credentials"
    ABSENT = "there is no repository"
    CUT_OFF = "the server cannot be reached"
    UNKNOWN = "something else"


_SIGNS = (
    (
        Cause.UNTRUSTED,
        r"host key verification failed|certificate|no matching host key|ssl.*verif",
    ),
    (
        Cause.DENIED,
        r"authentication failed|could not read username|could not read password|"
        r"returned error: 40[13]|permission denied|invalid credentials",
    ),
    (
        Cause.ABSENT,
        r"repository .*not found|does not appear to be a git repository|not a git repository|"
        r"returned error: 404|unable to find remote helper|redirects",
    ),
    (
        Cause.CUT_OFF,
        r"unable to access|could not resolve|connection|timed out|the remote end hung up|"
        r"returned error: (429|5\d\d)|RPC failed|unable to connect|early EOF",
    ),
)
_COMPILED = [(cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _SIGNS]


def cause_of(said: str) -> Cause:
    """The cause that git's words name first."""
    return next((cause for cause, sign in _COMPILED if sign.search(said)), Cause.UNKNOWN)


def in_one_line(said: str) -> str:
    """What git wrote to standard error, short enough for a message."""
    lines = (line for line in said.splitlines() if line.strip())
    return "; ".join(_PREFIX.sub("", line).strip() for line in lines)[-500:]
