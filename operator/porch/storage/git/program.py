"""The git program: ls-remote, fetch and push, and what its failures mean.

I/O       a process a call, with a timeout; killed when the caller is cancelled.
Secrets   credentials travel in the environment of the process as a header; never in arguments,
          URLs or error texts.
Errors    Unreachable, AccessDenied, RepositoryInvalid. A refused push is a value.
"""

import asyncio
import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from porch.errors import PorchError
from porch.storage.adapter import AccessDenied, RepositoryInvalid, Unreachable

_DENIED = re.compile(
    r"authentication failed|could not read username|could not read password|"
    r"returned error: 40[13]|permission denied|invalid credentials",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"repository not found|not found|does not appear to be a git repository|"
    r"returned error: 404|unable to find remote helper",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to prove who we are to a server; the header's value is kept out of every text."""

    authorization: str = field(default="", repr=False)  # of the `Authorization` header

    @classmethod
    def basic(cls, user: str, password: str) -> "Credentials":
        """User and password."""
        return cls("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    @classmethod
    def bearer(cls, token: str) -> "Credentials":
        """A token."""
        return cls(f"Bearer {token}")


NO_CREDENTIALS = Credentials()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository elsewhere, and how it is reached."""

    url: str
    credentials: Credentials = NO_CREDENTIALS
    ca_bundle: Path | None = None  # None: the system's
    timeout: timedelta = timedelta(seconds=60)  # of one call

    @property
    def shown(self) -> str:
        """The URL without user, password and query."""
        parts = urlsplit(self.url)
        if not parts.hostname:
            return self.url
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class Finished:
    """How a call of git ended."""

    status: int
    output: str
    errors: str


class Git:
    """Runs git for one bare repository."""

    def __init__(self, directory: Path, remote: Remote) -> None:
        self.directory = directory
        self.remote = remote

    async def ls_remote(self) -> dict[str, str]:
        """All branches and tags of the remote: ref -> object id."""
        done = await self._run("ls-remote", "--heads", "--tags", "--refs", self.remote.url)
        if done.status != 0:
            raise self.failure(done)
        return {ref: oid for oid, _, ref in (line.partition("\t") for line in _lines(done.output))}

    async def fetch(self) -> None:
        """Bring every branch and tag here, and drop those that are gone."""
        done = await self._run(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", self.remote.url,
            "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
        )  # fmt: skip
        if done.status != 0:
            raise self.failure(done)

    async def push(self, updates: Sequence["Update"], *, atomic: bool) -> Finished:
        """Update refs, each only from the value that it is known to have."""
        leases = [f"--force-with-lease={each.ref}:{each.old}" for each in updates]
        refspecs = [f"{each.new}:{each.ref}" for each in updates]
        flags = ["--atomic"] if atomic else []
        return await self._run(
            "push", "--porcelain", "--no-verify", "--no-progress", *flags, *leases,
            self.remote.url, *refspecs,
        )  # fmt: skip

    def failure(self, done: Finished) -> PorchError:
        """The error that the words of git stand for."""
        said = self._clean(done.errors or done.output)
        if _DENIED.search(said):
            return AccessDenied(
                f"{self.remote.shown} refused the credentials: {said}; check the Secret that "
                "`spec.git.secretRef` names"
            )
        if _ABSENT.search(said):
            return RepositoryInvalid(f"{self.remote.shown} is no git repository: {said}")
        return Unreachable(f"{self.remote.shown} cannot be reached: {said}")

    async def _run(self, *arguments: str) -> Finished:
        process = await asyncio.create_subprocess_exec(
            "git", "--git-dir", str(self.directory), *arguments,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.remote.timeout.total_seconds()):
                output, errors = await process.communicate()
        except TimeoutError as err:
            seconds = self.remote.timeout.total_seconds()
            words = f"{self.remote.shown} must answer within {seconds:.0f} s, and did not"
            raise Unreachable(words) from err
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Finished(process.returncode or 0, _text(output), _text(errors))

    def _environment(self) -> Mapping[str, str]:
        settings = {"core.hooksPath": os.devnull, "gc.auto": "0", "credential.helper": ""}
        if self.remote.credentials.authorization:
            header = f"Authorization: {self.remote.credentials.authorization}"
            settings["http.extraHeader"] = header
        if self.remote.ca_bundle is not None:
            settings["http.sslCAInfo"] = str(self.remote.ca_bundle)
        environment = {
            **os.environ,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": str(len(settings)),
            "LC_ALL": "C",
        }
        for index, (name, value) in enumerate(settings.items()):
            environment[f"GIT_CONFIG_KEY_{index}"] = name
            environment[f"GIT_CONFIG_VALUE_{index}"] = value
        return environment

    def _clean(self, text: str) -> str:
        lines = [line.removeprefix("fatal: ").strip() for line in _lines(text)]
        return "; ".join(lines).replace(self.remote.url, self.remote.shown)[-500:]


@dataclass(frozen=True, slots=True)
class Update:
    """One ref to change; "" as a value means that the ref is, or shall be, absent."""

    ref: str
    old: str
    new: str


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
