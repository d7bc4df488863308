"""One run of one program: text in, text out, under limits, and nothing left behind.

Effects   a child in its own session (and so its own process group), with an environment of ours
          and "/" as its working directory. However the wait ends, the whole group is killed.
Bounds    see `ProcessLimits`; standard output beyond its limit ends the run, standard error beyond
          its limit loses its beginning.
Errors    OSError when the program cannot be started.
Cost      one fork and exec; no task and no thread, the event loop moves the bytes.
"""

import asyncio
import os
import resource
import signal
from asyncio import transports
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

# What a function may rely on. Nothing of the runner's own environment, which may hold secrets.
ENVIRONMENT: Final = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 (the one folder that can be written to)
    "LC_ALL": "C.UTF-8",
}

_STDOUT, _STDERR = 1, 2
_LAST_WORDS = 0.5  # seconds between the end of a program and that of who inherited its pipes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """Bounds of one run, each process of it on its own; see getrlimit(2)."""

    stdout_bytes: int
    stderr_bytes: int = 256 << 10
    memory_bytes: int = 4 << 30  # of address space
    cpu_seconds: int = 300
    open_files: int = 256
    file_bytes: int = 64 << 20  # of one file


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    exit_code: int  # negative: the number of the signal that ended it
    stdout: bytes
    stderr: bytes
    has_overflowed: bool  # it printed more than it may, and was stopped


async def run(program: Path, text: bytes, limits: ProcessLimits) -> Ended:
    """Start the program, hand it the text, and wait for its end."""
    loop = asyncio.get_running_loop()
    transport, conversation = await loop.subprocess_exec(
        lambda: _Conversation(limits),
        str(program),
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    try:
        _bound(transport.get_pid(), limits)
        conversation.say(text)
        await conversation.ended
    finally:
        conversation.kill()
        transport.close()
        await conversation.reaped.wait()
    return conversation.outcome()


class _Conversation(asyncio.SubprocessProtocol):
    """Collects what a child prints.

    `reaped` is set when the child is no more; `ended` is done when its pipes are closed, too.
    """

    def __init__(self, limits: ProcessLimits) -> None:
        self._limits = limits
        self._printed = {_STDOUT: bytearray(), _STDERR: bytearray()}
        self._open = {_STDOUT, _STDERR}
        self._has_overflowed = False
        self._exit_code = 0
        self.reaped = asyncio.Event()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: transports.BaseTransport) -> None:
        self._transport = cast(transports.SubprocessTransport, transport)
        self._group = self._transport.get_pid()

    def say(self, text: bytes) -> None:
        """Write to the child, which need not read all of it, or any."""
        stdin = cast(transports.WriteTransport, self._transport.get_pipe_transport(0))
        stdin.write(text)
        stdin.close()  # after what was written

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        printed = self._printed[fd]
        printed += data
        if fd == _STDERR:
            del printed[: -self._limits.stderr_bytes]
        elif len(printed) > self._limits.stdout_bytes:
            del printed[:]
            self._has_overflowed = True
            self.kill()

    def pipe_connection_lost(
        self,
        fd: int,
        exc: Exception | None,  # noqa: ARG002 (the child closes its pipes when it likes)
    ) -> None:
        self._open.discard(fd)
        self._look()

    def process_exited(self) -> None:
        self._exit_code = self._transport.get_returncode() or 0
        self.reaped.set()
        # Processes that it left behind in its group would keep the pipes open for ever. One that
        # left the group, too, loses its listener a moment later.
        self.kill()
        asyncio.get_running_loop().call_later(_LAST_WORDS, self._open.clear)
        asyncio.get_running_loop().call_later(_LAST_WORDS, self._look)
        self._look()

    def kill(self) -> None:
        """End every process of the group."""
        # NB: the number of a group stays taken while it has members; once it has none, a new
        # process can get the number only when all others were used up since.
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)

    def outcome(self) -> Ended:
        """What there is to tell when all has ended."""
        return Ended(
            self._exit_code,
            bytes(self._printed[_STDOUT]),
            bytes(self._printed[_STDERR]),
            self._has_overflowed,
        )

    def _look(self) -> None:
        if self.reaped.is_set() and not self._open and not self.ended.done():
            self.ended.set_result(None)


def _bound(pid: int, limits: ProcessLimits) -> None:
    """Set the limits of a child that has just started."""
    bounds = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    with suppress(ProcessLookupError):  # it has ended already
        for which, bound in bounds.items():
            resource.prlimit(pid, which, (bound, bound))
