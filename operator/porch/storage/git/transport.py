"""What is asked of a server: its refs, its objects, and pushes with leases.

Two ways: HTTP spoken by ourselves, one request a push (`smarthttp`), and the git program, which
knows every other protocol and all about fetching (`program`).
Errors    Unreachable, Untrusted, AccessDenied, RepositoryInvalid; each names the address, what was
          found and what to do. What a server refuses is a value.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from porch.storage.adapter import AccessDenied, RepositoryInvalid, Unreachable, Untrusted
from porch.storage.git.refs import Update

_LOST = re.compile(
    r"stale info|fetch first|non-fast-forward|already exists|cannot lock|failed to lock|"
    r"lock failure|failed to update|atomic transaction|incorrect old value|needs force",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(r"atomic push fail|atomic transaction fail", re.IGNORECASE)
_NOISE = re.compile(r"^(To |error: failed to push some refs|hint:)")

PackMaker = Callable[[], Awaitable[bytes]]  # the objects that a push brings, as a packfile


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """How a push ended."""

    refused: Mapping[str, str] = field(default_factory=dict)  # ref -> the server's reason
    said: str = ""  # what the server's hooks wrote
    not_atomic: bool = False  # atomicity was asked for and is not to be had; nothing happened

    @property
    def looks_like_a_lost_race(self) -> bool:
        """A ref may not have been what we thought it was."""
        return any(_LOST.search(reason) for reason in self.refused.values())

    @property
    def words(self) -> str:
        """What the server said, for people."""
        causes = [reason for reason in self.refused.values() if not _FOLLOWS.search(reason)]
        said = [line.strip() for line in self.said.splitlines() if not _NOISE.match(line)]
        lines = [*filter(None, said), *(causes or self.refused.values())]
        return "; ".join(dict.fromkeys(lines))[-1000:]


class Transport(Protocol):
    """One registration's way to the server, with its credentials."""

    async def refs(self) -> dict[str, str]:
        """All branches and tags: ref -> object id. Complete, or an error."""
        ...

    async def offers_atomic(self) -> bool | None:
        """Whether several refs can change together; None when only a push will tell."""
        ...

    async def fetch(self, refs: Sequence[str] | None) -> None:
        """Bring these refs' objects into the clone; None: mirror all, and drop what is gone."""
        ...

    async def bring(self, wants: Sequence[str], haves: Sequence[str]) -> bytes | None:
        """A pack of what these objects need beside those; None: `fetch` is the better way."""
        ...

    async def push(self, updates: Sequence[Update], *, atomic: bool, pack: PackMaker) -> PushAnswer:
        """Update refs, each only from the value that it is known to have."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def unreachable(shown: str, why: str) -> Unreachable:
    """The server does not answer, or not now."""
    return Unreachable(
        f"{shown} cannot be reached: {why}; check `spec.git.repo` and the operator's way to that "
        "host (DNS, proxy, firewall). It is tried again by itself"
    )


def untrusted(shown: str, why: str) -> Untrusted:
    """Somebody answers who cannot prove to be that server."""
    return Untrusted(
        f"{shown} cannot prove to be the server that was meant: {why}; put the certificate of its "
        "authority into `ca.crt`, or its SSH host key into `known_hosts`, of the Secret that "
        "`spec.git.secretRef` names"
    )


def denied(shown: str, why: str) -> AccessDenied:
    """The server does not let us in."""
    return AccessDenied(
        f"{shown} refused the credentials: {why}; check that the Secret that `spec.git.secretRef` "
        "names holds valid ones with the right to read and push"
    )


def absent(shown: str, why: str) -> RepositoryInvalid:
    """There is no such repository, or none that these credentials may see."""
    return RepositoryInvalid(
        f"{shown} is no git repository, or is hidden from these credentials: {why}; check "
        "`spec.git.repo`, and what the Secret of `spec.git.secretRef` may see"
    )
