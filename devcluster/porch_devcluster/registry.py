"""A registry of images on the loopback address: a process of its own, kept in memory.

Without a password, with one, or with tokens that a password gets; plain or over TLS.
Errors    NotReady with the end of its log.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from porch_devcluster import build
from porch_devcluster.controlplane import LOOPBACK, free_port
from porch_devcluster.errors import NotReady
from porch_devcluster.pki import Pair, write_private
from porch_devcluster.processes import Command, Component, Lifeline

READY_WITHIN = timedelta(seconds=10)
LOOK_EVERY = timedelta(milliseconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Who may use a registry: the users of a file, NAME:PASSWORD a line, as it is at the time."""

    users: Path
    tokens: bool = False  # wanted instead of the password, which gets them
    token_lifetime: timedelta = timedelta(minutes=1)


def registry_command(
    log: Path, *, listen: str, guard: Guard | None = None, tls: Pair | None = None
) -> Command:
    """The command of a registry; the files that it needs lie beside its log."""
    argv = [str(build.registry()), f"--listen={listen}"]
    if guard is not None:
        seconds = guard.token_lifetime.total_seconds()
        argv += [f"--users={guard.users}", f"--token-lifetime={seconds}s"]
        argv += ["--tokens"] if guard.tokens else []
    if tls is not None:
        certificate, key = log.with_suffix(".crt"), log.with_suffix(".key")
        certificate.write_bytes(tls.certificate)
        write_private(key, tls.key)
        argv += [f"--tls-certificate={certificate}", f"--tls-key={key}"]
    return Command("registry", tuple(argv), log)


@contextmanager
def registry(
    directory: Path, *, guard: Guard | None = None, tls: Pair | None = None, port: int = 0
) -> Iterator[str]:
    """A registry for as long as the context is open: its HOST:PORT."""
    address = f"{LOOPBACK}:{port or free_port()}"
    log = directory / f"registry-{address.rpartition(':')[2]}.log"
    command = registry_command(log, listen=address, guard=guard, tls=tls)
    with Lifeline() as lifeline:
        server = Component(command, lifeline=lifeline)
        try:
            await_registry(address, server)
            yield address
        finally:
            server.stop()


def await_registry(address: str, server: Component) -> None:
    """Return when it takes connections."""
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < deadline:
        server.check()
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return
        time.sleep(LOOK_EVERY.total_seconds())
    raise NotReady(f"the registry at {address} must listen within {READY_WITHIN.seconds} s")
