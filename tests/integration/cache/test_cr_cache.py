"""The store in objects keeps the promises of a content store, on a real API server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from porch.cache.cr import RESOURCES, CrCache
from porch.kpt.content import Content
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client, PartialObject, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import ObjectKey
from porch_devcluster.api import Api, Object
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus
from tests.unit.cache.contract import FIRST, SECOND, Bench, CacheContract, P, shown

pytestmark = pytest.mark.cluster

NAME = "repo.app.v1"


@dataclass(frozen=True, slots=True)
class _CrBench:
    """The store with the rights of the operator, and a user of it."""

    namespace: str
    cache: CrCache
    client: Client
    user: Api
    name: str = NAME

    async def put(self, content: Content) -> None:
        """As server-side apply with force does."""
        body = self._body(content) | {"metadata": {"name": NAME}}
        self.user.apply(f"{self._collection}/{NAME}", body)

    async def push(self, content: Content) -> None:
        """As the existing command line does: a PUT with nothing but the files."""
        path = f"{self._collection}/{NAME}"
        version = self.user.get(path)["metadata"]["resourceVersion"]
        metadata = {"name": NAME, "resourceVersion": version}
        self.user.update(path, self._body(content) | {"metadata": metadata})

    async def heard(self) -> None:
        """As the watch brings it."""
        key = ObjectKey(self.namespace, NAME)
        try:
            found = await self.client.get(RESOURCES, key, into=PartialObject)
        except NotFound:
            self.cache.gone(key)
        else:
            self.cache.observed(found.metadata)

    @property
    def _collection(self) -> str:
        return RESOURCES.collection_path(self.namespace)

    def _body(self, content: Content) -> Object:
        return {
            "apiVersion": RESOURCES.api_version,
            "kind": RESOURCES.kind,
            "spec": {"resources": content.texts},
        }


class TestCrCache(CacheContract):
    """The contract, over objects."""

    @pytest.fixture
    async def bench(self, installed_cluster: Cluster, namespace: str) -> AsyncIterator[Bench]:
        kubeconfig = installed_cluster.service_account_kubeconfig(
            "porch-operator", namespace="porch-system"
        )
        async with connect(load_kubeconfig([kubeconfig])) as client:
            user = installed_cluster.api()
            yield _CrBench(namespace, CrCache(client), client, user)

    async def test_a_sealed_content_is_closed_by_the_api_server_itself(self, bench: Bench) -> None:
        """The seal is a rule of the schema, not a habit of the operator."""
        made = await bench.cache.write(bench.namespace, bench.name, FIRST, shown=shown(), over=None)
        await bench.cache.mark(bench.namespace, bench.name, P, over=made)

        with pytest.raises(ApiStatus, match=r"sealed|Proposed"):
            await bench.put(SECOND)
