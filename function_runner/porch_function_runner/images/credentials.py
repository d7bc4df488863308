"""The credentials of registries that the runner is given, as they are at the time.

I/O       a mounted file, read whenever it is needed; a Secret of the pods' namespace by its name,
          read again after a moment. A rotated credential therefore needs no restart.
Errors    BadCredentials; those of the client.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from msgspec import field

from porch.api.meta import ObjectMeta, Wire
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client
from porch.runtime.resources import SECRETS, ObjectKey
from porch_function_runner.images.dockerconfig import Credential, Credentials, parse
from porch_function_runner.images.failures import BadCredentials

SECRET_KEY = ".dockerconfigjson"  # noqa: S105 (the name of a key)
SECRET_TYPE = "kubernetes.io/dockerconfigjson"  # noqa: S105 (a type, not a secret)


class DockerConfig(Protocol):
    """Where a docker config may be."""

    @property
    def name(self) -> str:
        """What it is, for errors."""
        ...

    async def read(self) -> bytes | None:
        """Its content; None when it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file, as a Secret is mounted."""

    path: Path

    @property
    def name(self) -> str:
        return f"file {self.path}"

    async def read(self) -> bytes | None:
        """Its content now."""
        try:
            return await asyncio.to_thread(self.path.read_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as err:
            raise BadCredentials(f"{self.name} must be readable: {err.strerror}") from err


class SecretContent(Wire, frozen=True):
    """A Secret, and what is in it."""

    metadata: ObjectMeta
    type: str = ""
    data: dict[str, bytes] = field(default_factory=dict)  # base64 on the wire


class ConfigSecret:
    """A Secret with a docker config."""

    def __init__(
        self,
        client: Client,
        key: ObjectKey,
        *,
        fresh_for: timedelta = timedelta(seconds=10),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._key = key
        self._fresh_for = fresh_for.total_seconds()
        self._clock = clock
        self._content: bytes | None = None
        self._since = float("-inf")

    @property
    def name(self) -> str:
        return f"Secret {self._key.namespace}/{self._key.name}"

    async def read(self) -> bytes | None:
        """Its content now, or a moment ago."""
        if self._clock() - self._since >= self._fresh_for:
            self._content = await self._read()
            self._since = self._clock()
        return self._content

    async def _read(self) -> bytes | None:
        try:
            secret = await self._client.get(SECRETS, self._key, into=SecretContent)
        except NotFound:
            return None
        return secret.data.get(SECRET_KEY)


@dataclass(frozen=True, slots=True)
class OwnCredentials:
    """What docker and podman keep for the user of this process; nothing is fine, too."""

    paths: Sequence[Path]

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "OwnCredentials":
        """Where they look for it."""
        home = Path(env.get("HOME", "/"))
        paths = [Path(env.get("DOCKER_CONFIG") or home / ".docker") / "config.json"]
        if runtime := env.get("XDG_RUNTIME_DIR"):
            paths.append(Path(runtime) / "containers" / "auth.json")
        return cls(paths)

    async def __call__(self) -> Credentials:
        """By host; an earlier file is asked first."""
        return await _merged([ConfigFile(path) for path in self.paths])


@dataclass(frozen=True, slots=True)
class GivenCredentials:
    """What the operator of the runner provides; one of the places must have it."""

    places: Sequence[DockerConfig]

    async def __call__(self) -> Credentials:
        """By host; an earlier place is asked first."""
        found = await _merged(self.places)
        if not found and not any([await each.read() for each in self.places]):
            names = " or ".join(each.name for each in self.places)
            raise BadCredentials(
                f"with `--enable-private-registries` a docker config must be in {names}, found"
                " none: mount or create it, or leave the flag out"
            )
        return found


async def _merged(places: Sequence[DockerConfig]) -> Credentials:
    found: dict[str, Credential] = {}
    for place in places:
        if content := await place.read():
            for host, credential in parse(content, source=place.name).items():
                found.setdefault(host, credential)
    return found
