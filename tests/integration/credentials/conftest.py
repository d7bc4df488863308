"""Repositories that are opened with Secrets, as the operator does it."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from porch.api.meta import NameReference, ObjectMeta
from porch.api.repository import GitRepository, Repository, RepositorySpec, RepositoryType
from porch.controllers.repositoryadapters import RepositoryAdapters
from porch.runtime.client import Client
from porch.storage.adapter import RepositoryAdapter
from tests.unit.runtime.apiserver import serving

NAMESPACE = "team-a"


@dataclass
class Clock:
    """The time, which a test may move."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Now, and so much later."""
        return datetime.fromtimestamp(time.time(), UTC) + self.ahead


@dataclass
class Secrets:
    """The Secrets of one namespace, as an API server answers for them."""

    held: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths

    async def answer(self, request: web.Request) -> web.Response:
        """One Secret, or 404."""
        self.asked.append(request.path)
        fields = self.held.get(request.path.rpartition("/")[2])
        if fields is None:
            body = {"kind": "Status", "reason": "NotFound", "message": "there is none"}
            return web.json_response(body, status=HTTPStatus.NOT_FOUND)
        data = {key: base64.b64encode(value.encode()).decode() for key, value in fields.items()}
        return web.json_response({"metadata": {}, "data": data})


@dataclass
class Registrar:
    """Opens repositories, with the clones of one process until `restart`."""

    client: Client
    directory: Path
    clock: Clock
    secrets: Secrets
    ca_bundles: bool = False
    _adapters: list[RepositoryAdapters] = field(default_factory=list)
    _opened: list[RepositoryAdapter] = field(default_factory=list)

    def restart(self) -> None:
        """Go on as a process that knows nothing."""
        adapters = RepositoryAdapters(
            self.client,
            self.directory / f"clones-{len(self._adapters)}",
            timeout=timedelta(seconds=20),
            ca_bundles=self.ca_bundles,
            now=self.clock.now,
        )
        self._adapters.append(adapters)

    async def __call__(self, url: str) -> RepositoryAdapter:
        """The adapter of a Repository with that address, and Secret `access`."""
        git = GitRepository(repo=url, branch="main", secret_ref=NameReference(name="access"))
        spec = RepositorySpec(type=RepositoryType.GIT, git=git)
        metadata = msgspec.convert({"name": "packages", "namespace": NAMESPACE}, ObjectMeta)
        opened = await self._adapters[-1].open(Repository(metadata=metadata, spec=spec))
        self._opened.append(opened)
        return opened

    async def close(self) -> None:
        """Close everything that was opened."""
        for each in self._opened:
            await each.close()
        for adapters in self._adapters:
            await adapters.close()


@pytest.fixture
async def registrar(tmp_path: Path) -> AsyncIterator[Registrar]:
    """Opens repositories."""
    secrets = Secrets()
    async with serving(secrets.answer) as (client, _):
        found = Registrar(client, tmp_path, Clock(), secrets)
        found.restart()
        yield found
        await found.close()
