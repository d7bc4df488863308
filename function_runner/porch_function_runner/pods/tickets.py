"""A call on its way to an answer: which pod has it now."""

import asyncio

from porch.errors import PorchError
from porch_function_runner.pods.connection import Connection
from porch_function_runner.pods.pool import CallId


class Ticket:
    """One call. Given to a pod, and to another when that one goes, or failed."""

    __slots__ = ("_connection", "_error", "_turn", "asked", "call", "image")

    def __init__(self, call: CallId, *, asked: str, image: str) -> None:
        self.call = call
        self.asked = asked  # the image in the words of the caller
        self.image = image  # its full reference
        self._connection: Connection | None = None
        self._error: PorchError | None = None
        self._turn = asyncio.Event()  # there is a connection or an error

    def assign(self, connection: Connection) -> None:
        """A pod has the call."""
        self._connection = connection
        self._turn.set()

    def fail(self, error: PorchError) -> None:
        """No pod will have the call."""
        self._error = error
        self._turn.set()

    def returned(self, connection: Connection) -> None:
        """That pod does not have the call any more; another one may have it already."""
        if self._connection is connection and self._error is None:
            self._connection = None
            self._turn.clear()

    async def assigned(self) -> Connection:
        """The way to the pod that has the call, or the error it ends with."""
        while self._connection is None and self._error is None:
            await self._turn.wait()
        if self._error is not None:
            raise self._error
        assert self._connection is not None  # noqa: S101  # by the loop
        return self._connection
