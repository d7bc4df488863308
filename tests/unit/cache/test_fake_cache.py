"""The fake that the engine is tested with keeps the promises of a content store."""

import pytest

from porch.engine.seen import Key
from porch.kpt.content import Content
from tests.unit.cache.contract import Bench, CacheContract
from tests.unit.engine.fake_resources import FakeCache, ResourcesServer

KEY = Key("ns", "repo.app.v1")


class _FakeBench:
    """The fake and a user of its server."""

    namespace, name = KEY.namespace, KEY.name

    def __init__(self) -> None:
        self._server = ResourcesServer()
        self.cache = FakeCache(self._server)

    async def put(self, content: Content) -> None:
        self._server.put(KEY, content)

    async def push(self, content: Content) -> None:
        found = self._server.objects[KEY]
        self._server.push(KEY, content, version=found.version)

    async def heard(self) -> None:
        self.cache.deliver()


class TestFakeCache(CacheContract):
    """The contract, over the fake."""

    @pytest.fixture
    def bench(self) -> Bench:
        return _FakeBench()
