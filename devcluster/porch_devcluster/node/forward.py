"""Handing connections of one network namespace on to another.

A socket belongs to the namespace in which it was made. So the listener is made by the caller, in
its own namespace, and a thread that has entered the other one makes what it connects with.
Cost      two threads a connection: for a development cluster, not for load.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"

_CLONE_NEWNET = 0x40000000
_CHUNK_BYTES = 64 << 10


Address = tuple[str, int]  # host and port


def forward(listener: socket.socket, *, process: int, to: Address) -> None:
    """Hand on what `listener` accepts to an address as it is in the namespace of `process`.

    Returns at once; ends when the listener is shut down.
    """
    threading.Thread(target=_serve, args=(listener, process, to), daemon=True).start()


@contextmanager
def forwarded(process: int, to: Address) -> Iterator[int]:
    """A port of this namespace's loopback address that leads there."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        forward(listener, process=process, to=to)
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which close alone does not


def _serve(listener: socket.socket, process: int, to: Address) -> None:
    _enter_network_of(process)
    with contextlib.suppress(OSError):  # closed
        while True:
            accepted, _ = listener.accept()
            try:
                onward = socket.create_connection(to)
            except OSError:
                accepted.close()
                continue
            threading.Thread(target=_join, args=(accepted, onward), daemon=True).start()


def _enter_network_of(process: int) -> None:
    """Move this thread, and no other, into the network namespace of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, f"setns: {os.strerror(number)}")
    finally:
        os.close(descriptor)


def _join(one: socket.socket, other: socket.socket) -> None:
    """Copy both directions of a connection, then close it."""
    with one, other:
        back = threading.Thread(target=_pump, args=(other, one), daemon=True)
        back.start()
        _pump(one, other)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK_BYTES):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
