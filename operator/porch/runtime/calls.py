"""One HTTP request to the API server, and the port through which it goes.

Pure. The adapter is `transport` (aiohttp); tests have one in memory, for virtual time.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without the identity."""

    method: str
    path: str  # begins with "/", already quoted
    query: str = ""  # already encoded
    body: bytes | None = None
    content_type: str = ""
    accept: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Transport(Protocol):
    """Carries calls to one API server as one identity; raises nothing but PorchErrors."""

    async def send(self, call: Call) -> bytes:
        """The whole body of a good answer."""

    def stream(self, call: Call) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The body of a good answer, in pieces as they arrive."""

    async def close(self) -> None:
        """Give up the connections."""
