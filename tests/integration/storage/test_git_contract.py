"""Git keeps the contract of repositories, by HTTP of our own and by the git program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.contract import RepositoryContract
from tests.integration.storage.opening import Opener

pytestmark = pytest.mark.process


class TestSmartHttp(RepositoryContract):
    """One request a push."""


class TestGitProgram(RepositoryContract):
    """Every other protocol; HTTP here, so that both can be compared."""

    @pytest.fixture
    async def opened(
        self, git_server: GitServer, git_repository: Repository, tmp_path: Path
    ) -> AsyncIterator[Opener]:
        """Opens the test's repository with the git program."""
        opener = Opener(git_server.url_of(git_repository), tmp_path, by_program=True)
        yield opener
        await opener.close()


class TestServerWithoutAtomicPushes(RepositoryContract):
    """Some servers never offer them: then it goes step by step."""

    @pytest.fixture
    def git_repository(self, git_repository: Repository) -> Repository:
        """A repository whose server cannot."""
        git_repository.without_atomic()
        return git_repository
