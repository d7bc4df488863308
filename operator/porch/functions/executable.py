"""Runs functions that are executables on this machine, for callers who allow that.

Effects: a child in its own session (and so its own process group), with the caller's environment
and working directory. Whatever ends the wait before the child ended (deadline, too much output,
an interrupt) kills the whole group.
Errors    FunctionNotRun: not found, too slow, too talkative, or output that cannot be read.
Bounds    see `ExecutableLimits`.
"""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO

from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.resourcelist import read_printed, write_input

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutableLimits:
    """Bounds of one run."""

    time: timedelta = timedelta(minutes=5)
    stdout_bytes: int = 64 << 20
    stderr_bytes: int = 1 << 20  # what is beyond it is dropped


@dataclass(frozen=True, slots=True)
class ExecutableRuntime:
    """Runs the `exec` functions of a pipeline."""

    limits: ExecutableLimits = field(default_factory=ExecutableLimits)

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """Run the command line; None for a function that is an image."""
        if call.exec is None:
            return None
        text = write_input(call.items, call.config)
        with _started(_arguments(call.exec)) as child:
            stdout, stderr = _Conversation(child, self.limits, call.exec).hold(text.encode())
        listed = read_printed(stdout, exit_code=child.returncode)
        return FunctionOutput(
            items=listed.items,
            results=listed.results,
            stderr=stderr.decode(errors="replace"),
            exit_code=child.returncode,
            through_text=True,
            is_empty=listed.is_empty,
        )


def _arguments(command: str) -> list[str]:
    """The words of the command line, the first one found on PATH."""
    try:
        words = shlex.split(command)
    except ValueError as err:
        raise FunctionNotRun(f"exec {command!r} must be a command line: {err}") from err
    if not words:
        raise FunctionNotRun("exec must name an executable")
    program = shutil.which(words[0])
    if program is None:
        raise FunctionNotRun(
            f'unexpected function error: exec: "{words[0]}": executable file not found in $PATH'
        )
    return [program, *words[1:]]


def _started(arguments: list[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as err:
        raise FunctionNotRun(f"unexpected function error: exec {arguments[0]!r}: {err}") from err


class _Conversation:
    """Feeds a child and collects what it prints, until it ends or a limit does."""

    def __init__(
        self, child: subprocess.Popen[bytes], limits: ExecutableLimits, command: str
    ) -> None:
        self._child = child
        self._limits = limits
        self._command = command
        self._printed: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._deadline = time.monotonic() + limits.time.total_seconds()

    def hold(self, text: bytes) -> tuple[bytes, bytes]:
        """Standard output and standard error; the child has ended."""
        try:
            self._exchange(memoryview(text))
            self._child.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired as err:
            self._kill()
            raise self._too_slow() from err
        except BaseException:
            self._kill()
            raise
        return bytes(self._printed["stdout"]), bytes(self._printed["stderr"])

    def _exchange(self, unsent: memoryview) -> None:
        child = self._child
        with selectors.DefaultSelector() as selector:
            for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
                selector.register(_pipe(stream), selectors.EVENT_READ, name)
            stdin = _pipe(child.stdin)
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE, "stdin")
            while selector.get_map():
                wait = self._deadline - time.monotonic()
                ready = selector.select(max(0.0, wait))
                if not ready and wait <= 0:
                    raise self._too_slow()
                for key, _ in ready:
                    if key.data == "stdin":
                        unsent = self._send(selector, stdin, unsent)
                    else:
                        self._receive(selector, key)

    def _send(
        self, selector: selectors.BaseSelector, stdin: IO[bytes], unsent: memoryview
    ) -> memoryview:
        try:
            unsent = unsent[os.write(stdin.fileno(), unsent[:_CHUNK_BYTES]) :]
        except BrokenPipeError:  # a function need not read all of its input
            unsent = unsent[len(unsent) :]
        if not unsent:
            selector.unregister(stdin)
            stdin.close()
        return unsent

    def _receive(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        chunk = os.read(key.fd, _CHUNK_BYTES)
        if not chunk:
            selector.unregister(key.fileobj)
            return
        printed = self._printed[key.data]
        printed += chunk
        limit = self._limits.stdout_bytes
        if key.data == "stderr":
            del printed[self._limits.stderr_bytes :]
        elif len(printed) > limit:
            raise FunctionNotRun(
                f"function {self._command!r} must not print more than {limit >> 20} MiB"
            )

    def _too_slow(self) -> FunctionNotRun:
        seconds = self._limits.time.total_seconds()
        return FunctionNotRun(
            f"function {self._command!r} must end within {seconds:g} s, and was stopped: make it"
            " faster, or give it fewer resources"
        )

    def _kill(self) -> None:
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:  # all of the group have ended
            return


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:  # the child is always started with its three pipes
        raise FunctionNotRun("a function must have its pipes")
    return stream
