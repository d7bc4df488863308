"""The parent's side of the sandbox: one child, started on first use and kept for the next call.

Effects: a child process. A child that overruns its deadline or dies is killed and forgotten; the
next call starts another. Calls of several threads take turns.
Errors: LimitExceeded (time, memory, steps), RefusedByChild (malformed or failed user code),
SandboxBroken (the child could not be started or spoke nonsense: transient).
Cost: about 0.1 ms a call when warm, some 60 ms for the first one.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Self

import msgspec

import porch
from porch.errors import Transient
from porch.functions.sandbox.limits import LimitExceeded, Limits, RefusedByChild
from porch.functions.sandbox.wire import (
    HEADER_BYTES,
    Answer,
    Exhausted,
    Found,
    Job,
    Refused,
    RegexDone,
    RegexJob,
    StarlarkDone,
    StarlarkJob,
    decode_answer,
    encode,
    frame_length,
)


class SandboxBroken(Transient):
    """The sandbox child cannot be started or does not speak our protocol."""

    reason = "SandboxBroken"


class Sandbox:
    """Runs user-written code in a child process under `limits`."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one; the sandbox can still be used and will start another."""
        with self._turn:
            self._discard()

    def run_starlark(self, source: str, resource_list: str) -> StarlarkDone:
        """Run a script over a resource list given as JSON."""
        answer = self._call(StarlarkJob(source, resource_list, self._limits.ksteps))
        if not isinstance(answer, StarlarkDone):
            raise SandboxBroken("sandbox child must answer a script with its resource list")
        return answer

    def search(self, pattern: str, texts: list[str]) -> list[Found | None]:
        """Search each text for an RE2 pattern; the result has one entry for each text."""
        answer = self._call(RegexJob(pattern, texts))
        if not isinstance(answer, RegexDone):
            raise SandboxBroken("sandbox child must answer a search with its matches")
        return answer.found

    def _call(self, job: Job) -> Answer:
        with self._turn:
            answer = self._exchange(encode(job))
        match answer:
            case Refused(message):
                raise RefusedByChild(message)
            case Exhausted(limit):
                raise LimitExceeded(self._exceeded(limit))
            case _:
                return answer

    def _exchange(self, frame: bytes) -> Answer:
        child = self._started()
        deadline = time.monotonic() + self._limits.time.total_seconds()
        try:
            _write(_pipe(child.stdin), frame)
            return self._read_answer(_pipe(child.stdout), deadline)
        except (BrokenPipeError, EOFError) as err:
            raise self._cause_of_death(child) from err
        except msgspec.DecodeError as err:
            self._discard()
            raise SandboxBroken(f"sandbox child must answer in its protocol: {err}") from err
        except BaseException:  # a late or interrupted answer must not meet the next call
            self._discard()
            raise

    def _read_answer(self, stream: IO[bytes], deadline: float) -> Answer:
        length = frame_length(self._read(stream, HEADER_BYTES, deadline))
        if length > self._limits.answer_bytes:
            raise LimitExceeded(self._exceeded("answer"))
        return decode_answer(self._read(stream, length, deadline))

    def _read(self, stream: IO[bytes], length: int, deadline: float) -> bytes:
        parts: list[bytes] = []
        while length:
            wait = max(0.0, deadline - time.monotonic())
            if not select.select([stream], [], [], wait)[0]:
                raise LimitExceeded(self._exceeded("time"))
            part = os.read(stream.fileno(), min(length, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._discard()
            self._child = _start(self._limits)
        return self._child

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        _pipe(child.stdin).close()
        _pipe(child.stdout).close()

    def _cause_of_death(self, child: subprocess.Popen[bytes]) -> Exception:
        code = child.wait()
        self._discard()
        if code == -signal.SIGXCPU:
            return LimitExceeded(self._exceeded("time"))
        if code == -signal.SIGTERM:
            return SandboxBroken("sandbox child must not be terminated from outside")
        # An interpreter without memory dies in many ways: SIGABRT, SIGSEGV, a failed exit.
        return LimitExceeded(self._exceeded("memory"))

    def _exceeded(self, limit: str) -> str:
        limits = self._limits
        return {
            "time": f"must finish within {limits.time.total_seconds():g} s",
            "memory": f"must not use more than {limits.memory_bytes >> 20} MiB of memory",
            "steps": f"must not take more than {limits.ksteps * 1000} steps",
            "answer": f"must not produce more than {limits.answer_bytes >> 20} MiB",
        }[limit]


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    """Start a child that can import us and nothing from the working directory."""
    module = "porch.functions.sandbox.child"
    arguments = [str(limits.memory_bytes), str(limits.time.total_seconds()), str(os.getpid())]
    source_root = str(Path(porch.__path__[0]).parent)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the interpreter's last words when memory runs out
            bufsize=0,
            env={"PYTHONPATH": source_root, "LC_ALL": "C.UTF-8"},
        )
    except OSError as err:
        raise SandboxBroken(f"sandbox child must start: {err}") from err


def _write(stream: IO[bytes], frame: bytes) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[stream.write(rest) :]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:  # the child is always started with both pipes
        raise SandboxBroken("sandbox child must have its pipes")
    return stream
