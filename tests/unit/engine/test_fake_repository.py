"""The fake that the engine is tested with keeps the promises of a repository."""

from datetime import UTC, datetime

import pytest

from porch.storage.adapter import RepositoryAdapter
from tests.integration.storage.contract import Opened, RepositoryContract
from tests.unit.engine.fake_repository import FakeRepository


class TestFakeRepository(RepositoryContract):
    """The contract, over the fake, which remembers nothing that another process would not see."""

    @pytest.fixture
    def repository(self) -> RepositoryAdapter:
        return FakeRepository(now=lambda: datetime.now(UTC))

    @pytest.fixture
    def opened(self, repository: RepositoryAdapter) -> Opened:
        async def open_again() -> RepositoryAdapter:
            return repository

        return open_again

    # The fake finishes each change at once, so there are never many of one draft.
    test_of_many_contents_of_a_draft_the_newest_stays = None  # type: ignore[assignment]
