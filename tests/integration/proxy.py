"""A TCP proxy that makes a network fail: cut, refuse, hold back, delay.

Lives in the event loop of the test. Bytes are not looked at, so it serves TLS, git and gRPC alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

_PIECE_BYTES = 1 << 16


class Proxy:
    """Connections from a local port to one address."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay = timedelta()  # of each piece, in each direction
        self.port = 0
        self.connections = 0  # that were made in all

    def cut(self) -> None:
        """Reset every open connection, without a word; new ones are let through."""
        for writer in self._writers:
            writer.transport.abort()

    def refuse(self) -> None:
        """Reset every open connection, and each new one, until `let`."""
        self._refusing = True
        self.cut()

    def hold(self) -> None:
        """Keep connections open and pass nothing on until `let`, as a dead load balancer does."""
        self._flowing.clear()

    def let(self) -> None:
        """Behave again; what was held back is passed on."""
        self._refusing = False
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._refusing:
                writer.transport.abort()
                return
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(reader, far_writer))
                    group.create_task(self._copy(far_reader, writer))
            finally:
                await self._drop(far_writer)
        except (OSError, asyncio.CancelledError):
            return  # the end of a connection, whichever way it came
        finally:
            await self._drop(writer)
            self._tasks.discard(task)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                piece = await reader.read(_PIECE_BYTES)
                await self._flowing.wait()
                await asyncio.sleep(self.delay.total_seconds())
                if not piece:
                    writer.close()
                    return
                writer.write(piece)
                await writer.drain()
            except OSError:
                writer.transport.abort()
                return

    async def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()

    async def close(self) -> None:
        """End every connection and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def proxying(host: str, port: int) -> AsyncIterator[Proxy]:
    """A proxy to this address, on a free local port."""
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
