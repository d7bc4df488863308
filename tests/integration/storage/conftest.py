"""Git repositories over HTTP, each test with one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener


@pytest.fixture
async def opened(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> AsyncIterator[Opener]:
    """Opens the test's repository."""
    opener = Opener(git_server.url_of(git_repository), tmp_path)
    yield opener
    await opener.close()


@pytest.fixture
async def repository(opened: Opener) -> GitRepository:
    """The test's repository, opened once."""
    return await opened()
