"""What the outcome of a push means. Pure, but for the error that it may raise.

Source    git-push(1), "OUTPUT" with --porcelain; the words are those of git 2.30 to 2.50.
"""

import re
from enum import StrEnum

from porch.storage.git.program import Finished, Git

_LOST = re.compile(
    r"stale info|fetch first|non-fast-forward|already exists|cannot lock ref|failed to lock|"
    r"failed to update ref|incorrect old value|needs force",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(r"atomic push fail|atomic transaction fail", re.IGNORECASE)
_NOT_ATOMIC = re.compile(r"does not support --?atomic", re.IGNORECASE)
_TOO_LARGE = re.compile(r"HTTP 413|too large|exceeds|maximum allowed", re.IGNORECASE)


class PushResult(StrEnum):
    """How a push ended, unless the server refused it in words of its own."""

    DONE = "done"
    LOST = "lost"  # a ref was not what we thought: look again
    NOT_ATOMIC = "not atomic"  # the server cannot; nothing was pushed


def read_push(done: Finished, git: Git) -> PushResult | str:
    """The result, or the server's words when it refused; raises when it was not reached."""
    if done.status == 0:
        return PushResult.DONE
    if _NOT_ATOMIC.search(done.errors):
        return PushResult.NOT_ATOMIC
    reasons = [line.split("\t")[-1] for line in done.output.splitlines() if line.startswith("!")]
    if any(_LOST.search(reason) for reason in reasons):
        return PushResult.LOST
    if not reasons and not _TOO_LARGE.search(done.errors):
        raise git.failure(done)
    said = [
        line.removeprefix("remote:").strip()
        for line in done.errors.splitlines()
        if line.startswith("remote:")
    ]
    refused = [reason for reason in reasons if not _FOLLOWS.search(reason)]
    words = [*filter(None, said), *refused] or [done.errors.strip()]
    return "; ".join(dict.fromkeys(words))[-1000:]
