"""A proxy that opens tunnels (CONNECT) to wherever it is asked, or refuses all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PIECE_BYTES = 1 << 16


@dataclass(slots=True)
class Tunnels:
    """What the proxy was asked for."""

    refusal: str = ""  # a status line; "": every tunnel is opened
    port: int = 0
    asked: list[str] = field(default_factory=list)  # host:port

    @property
    def url(self) -> str:
        return f"http://robot:secret@127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection to the proxy."""
        head = await reader.readuntil(b"\r\n\r\n")
        place = head.split()[1].decode()
        self.asked.append(place)
        writer.write(f"HTTP/1.1 {self.refusal or '200 OK'}\r\n\r\n".encode())
        if not self.refusal:
            host, _, port = place.rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as both:
                both.create_task(_carry(reader, far_writer))
                both.create_task(_carry(far_reader, writer))
        writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):  # either end may leave without a word
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def tunnels(*, refusal: str = "") -> AsyncIterator[Tunnels]:
    """A proxy that listens until the end of the block."""
    proxy = Tunnels(refusal)
    async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
