"""The git program: listing, fetching and pushing by any protocol, and what its failures mean.

I/O       processes, each with a timeout; killed with their children when the caller is cancelled.
Secrets   passwords and tokens travel in the environment of the process as a header, keys in a file
          of its own; never in arguments, URLs or error texts. Nothing of the caller's own git
          settings or tracing is passed on.
Errors    Unreachable, Untrusted, AccessDenied, RepositoryInvalid. A refused push is a value.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from porch.errors import PorchError, Transient
from porch.runtime.proxies import proxy_of
from porch.storage.adapter import AccessDenied, Untrusted
from porch.storage.git.credentials import Credentials, Login
from porch.storage.git.failures import Cause, cause_of, in_one_line
from porch.storage.git.loginfiles import LoginFiles, login_files
from porch.storage.git.objects import ContentTooLarge
from porch.storage.git.refs import Update
from porch.storage.git.remote import Access, Address
from porch.storage.git.transport import (
    PackMaker,
    PushAnswer,
    absent,
    denied,
    unreachable,
    untrusted,
)

_NOT_ATOMIC = re.compile(r"does not support --?atomic", re.IGNORECASE)
_BEYOND_LIMIT = re.compile(  # the last is all that is said when index-pack is killed for it
    r"died of signal 25|file too large|file size limit|^fetch-pack: invalid index-pack output$",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"HTTP 413|too large|exceeds|maximum allowed", re.IGNORECASE)
_BLOCK = 512  # bytes; the unit of `ulimit -f` in POSIX

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsync": "none",  # the clone is a cache
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",  # credentials go to the registered address only
    "http.lowSpeedLimit": "100",
    "http.lowSpeedTime": "60",
    "protocol.version": "2",
}

_ERRORS = {
    Cause.UNTRUSTED: untrusted,
    Cause.DENIED: denied,
    Cause.ABSENT: absent,
    Cause.CUT_OFF: unreachable,
}


class FetchFailed(Transient):
    """The server was reached, and yet the objects did not come: one of them may be broken."""

    reason = "RepositoryUnreachable"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a call of git ended."""

    status: int
    output: str
    errors: str


class Git:
    """Runs git for one bare repository; a Transport of its own."""

    def __init__(self, directory: Path, address: Address, access: Access, login: Login) -> None:
        self._directory = directory
        self._address = address
        self._access = access
        self._login = login

    async def refs(self) -> dict[str, str]:
        """All branches and tags of the remote."""
        done = await self._call("ls-remote", "--heads", "--tags", "--refs", "--", self._address.url)
        found = (line.partition("\t") for line in _lines(done.output))
        return {ref: oid for oid, _, ref in found}

    async def offers_atomic(self) -> bool | None:
        """Only a push tells."""
        return None

    async def fetch(self, refs: Sequence[str] | None) -> None:
        """Bring these refs, or mirror them all; a ref here is named as it is there."""
        every = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        chosen = every if refs is None else [f"+{ref}:{ref}" for ref in refs]
        prune = ["--prune"] if refs is None else []
        await self._call(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *prune, "--stdin", "--",
            self._address.url,
            stdin="".join(f"{each}\n" for each in chosen),
            within=self._access.fetch_timeout,
        )  # fmt: skip

    async def fetch_commit(self, oid: str) -> None:
        """Bring the files of one commit, or of an annotated tag's, without their history."""
        await self._call(
            "-c", "fetch.unpackLimit=1", "fetch", "--quiet", "--depth=1", "--no-tags",
            "--no-write-fetch-head", "--", self._address.url, oid,
            within=self._access.fetch_timeout,
        )  # fmt: skip

    async def bring(self, wants: Sequence[str], haves: Sequence[str]) -> bytes | None:
        """Nothing is simpler for it than a whole fetch."""
        del wants, haves
        return None

    async def push(self, updates: Sequence[Update], *, atomic: bool, pack: PackMaker) -> PushAnswer:
        """Update refs; git finds out itself what the server lacks."""
        del pack
        done = await self._tried(
            "push", "--porcelain", "--no-verify", "--no-progress",
            *(["--atomic"] if atomic else []),
            *[f"--force-with-lease={each.ref}:{each.old}" for each in updates],
            "--", self._address.url,
            *[f"{each.new}:{each.ref}" for each in updates],
        )  # fmt: skip
        if done.status == 0:
            return PushAnswer()
        if _NOT_ATOMIC.search(done.errors):
            return PushAnswer(not_atomic=True)
        refused = dict(_refused(done.output))
        if not refused:
            if not _TOO_LARGE.search(done.errors):
                raise self._failure(done)
            refused = {each.ref: in_one_line(done.errors) for each in updates}
        remote = [line for line in _lines(done.errors) if line.startswith("remote:")]
        return PushAnswer(refused, "\n".join(line.removeprefix("remote:") for line in remote))

    async def close(self) -> None:
        """Nothing is held between calls."""

    async def _call(
        self, *arguments: str, stdin: str = "", within: timedelta | None = None
    ) -> Finished:
        """Run git; raise unless it succeeds."""
        done = await self._tried(*arguments, stdin=stdin, within=within)
        if done.status != 0:
            raise self._failure(done)
        return done

    async def _tried(
        self, *arguments: str, stdin: str = "", within: timedelta | None = None
    ) -> Finished:
        """Run git, once more with new credentials if there are some."""
        done = await self._run(*arguments, stdin=stdin, within=within)
        lacks_trust = isinstance(self._failure(done), (AccessDenied, Untrusted))
        if done.status != 0 and lacks_trust and await self._login.renewed():
            done = await self._run(*arguments, stdin=stdin, within=within)
        return done

    def _failure(self, done: Finished) -> PorchError:
        """The error that the words of git stand for."""
        said, shown = in_one_line(done.errors or done.output), self._address.shown
        if self._access.max_file_bytes is not None and _BEYOND_LIMIT.search(said):
            return ContentTooLarge(
                f"{shown} must bring at most {self._access.max_file_bytes} bytes at once, and "
                f"would bring more: {said}; use a smaller repository"
            )
        make = _ERRORS.get(cause_of(said))
        if make is not None:
            return make(shown, said)
        return FetchFailed(
            f"{shown} answers, but not as it should: {said}; look at the repository on its server "
            "(`git fsck`). It is tried again"
        )

    async def _run(
        self, *arguments: str, stdin: str = "", within: timedelta | None = None
    ) -> Finished:
        credentials = await self._login.credentials()
        with login_files(credentials) as files:
            return await self._process(
                arguments,
                stdin=stdin.encode("utf-8", "surrogateescape"),
                within=within or self._access.timeout,
                environment=_environment(self._address, credentials, files),
            )

    async def _process(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes,
        within: timedelta,
        environment: Mapping[str, str],
    ) -> Finished:
        process = await asyncio.create_subprocess_exec(
            *_limited(self._access.max_file_bytes),
            "git", "--git-dir", str(self._directory), *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        seconds = within.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                output, errors = await process.communicate(stdin)
        except TimeoutError as err:
            raise unreachable(self._address.shown, f"no answer within {seconds:.0f} s") from err
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return Finished(process.returncode or 0, _text(output), _text(errors))


def _environment(
    address: Address, credentials: Credentials, files: LoginFiles
) -> Mapping[str, str]:
    settings = dict(_SETTINGS)
    if address.is_http:
        settings["http.proxy"] = proxy_of(address.url) or ""
    if credentials.authorization:
        settings["http.extraHeader"] = f"Authorization: {credentials.authorization}"
    if files.ca is not None:
        settings["http.sslCAInfo"] = str(files.ca)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    } | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_SSH_COMMAND": files.ssh_command,
        "LC_ALL": "C",
    }
    for index, (name, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{index}"] = name
        environment[f"GIT_CONFIG_VALUE_{index}"] = value
    return environment


def _limited(max_file_bytes: int | None) -> list[str]:
    """A shell that holds itself, and so git, to files of this size; nothing without a limit."""
    if max_file_bytes is None:
        return []
    blocks = -(-max_file_bytes // _BLOCK)
    return ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(blocks)]


def _refused(output: str) -> list[tuple[str, str]]:
    """Ref and reason of each rejected line: `!<TAB>from:to<TAB>[kind] (reason)`."""
    found = []
    for line in output.splitlines():
        if line.startswith("!"):
            _, refspec, summary = [*line.split("\t"), "", ""][:3]
            reason = re.sub(r"^\[.*?\] \((.*)\)$", r"\1", summary)
            found.append((refspec.partition(":")[2], reason))
    return found


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
