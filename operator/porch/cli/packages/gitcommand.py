"""The git program, run for the person at the keyboard: with their settings and credentials.

Effects   processes, each in a session of its own with a time limit: nothing can ask a question that
          nobody sees, and nothing is left when we are interrupted.
Secrets   credentials out of a URL travel in the environment as a header, never in arguments.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile

from porch.cli.errors import NoGit

_CHUNK_BYTES = 4096
_KEPT_BYTES = 64 * 1024  # of standard error

# What git sets for its hooks, and what would lead it to another repository than ours.
_NOT_PASSED_ON = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call of git ended."""

    status: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of git."""

    arguments: Sequence[str]
    within: timedelta
    authorization: str = ""  # of the `Authorization` header
    holds: Sequence[int] = ()  # descriptors that stay open until git has ended


def run_git(call: Call, watch: Callable[[str], None]) -> Ended:
    """Run it to its end; `watch` is told each line of its progress. TimeoutError when too slow."""
    with TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                ["git", *call.arguments],
                env=_environment(call),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=call.holds,
            )
        except FileNotFoundError as error:
            raise NoGit(
                "the program `git` must be on PATH: install git, version 2.18 or newer"
            ) from error
        try:
            errors = _watched(process, watch, time.monotonic() + call.within.total_seconds())
            status = process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        output.seek(0)
        return Ended(status, _text(output.read()), errors)


def _watched(
    process: "subprocess.Popen[bytes]", watch: Callable[[str], None], deadline: float
) -> str:
    """Standard error without what is progress only, until its end."""
    assert process.stderr is not None  # noqa: S101  # a pipe, as asked for
    kept = bytearray()
    with process.stderr as stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise TimeoutError
            chunk = os.read(stream.fileno(), _CHUNK_BYTES)
            if not chunk:
                return "\n".join(_said(_text(bytes(kept[-_KEPT_BYTES:]))))
            kept += chunk
            step = _text(chunk).replace("\r", "\n").strip().rpartition("\n")[2]
            if "%" in step:
                watch(step)


def _said(text: str) -> list[str]:
    """Lines without progress, which ends in a carriage return; the lines of ssh do, too."""
    return [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]


def _environment(call: Call) -> dict[str, str]:
    environment = {name: text for name, text in os.environ.items() if name not in _NOT_PASSED_ON}
    environment |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": os.environ.get("GIT_ASKPASS", ""),  # "" = none, also not that of SSH_ASKPASS
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }
    if call.authorization:
        number = int(environment.get("GIT_CONFIG_COUNT") or 0)  # the caller's own stay
        environment |= {
            "GIT_CONFIG_COUNT": str(number + 1),
            f"GIT_CONFIG_KEY_{number}": "http.extraHeader",
            f"GIT_CONFIG_VALUE_{number}": f"Authorization: {call.authorization}",
        }
    return environment


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
