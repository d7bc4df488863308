"""A kind to play with, a client, and an API server whose network fails on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from porch.runtime.client import Client, connect
from porch.runtime.connection import Connection
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import ObjectKey, Resource
from porch_devcluster.cluster import Cluster
from tests.integration.proxy import Proxy, proxying

GROUP = "testing.porch.example.com"


class Meta(msgspec.Struct, rename="camel"):
    """Metadata as stores want it."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: datetime | None = None
    annotations: dict[str, str] = {}
    finalizers: list[str] = []
    managed_fields: list[dict[str, Any]] = []


class Status(msgspec.Struct, omit_defaults=True):
    """What was observed of a thing."""

    colour: str = ""
    size: int = 0


class Thing(msgspec.Struct):
    """An object of the kind to play with."""

    metadata: Meta
    spec: dict[str, Any] = {}
    status: Status = msgspec.field(default_factory=Status)


@dataclass
class Things:
    """One kind of its own CRD, which can be removed and installed again."""

    cluster: Cluster
    plural: str = "things"
    kind: str = "Thing"
    resource: Resource = field(init=False)

    def __post_init__(self) -> None:
        self.resource = Resource(GROUP, "v1", self.plural, self.kind)

    def install(self, *, wait: bool = True) -> None:
        name = f"{self.plural}.{GROUP}"
        body = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {
                "group": GROUP,
                "scope": "Namespaced",
                "names": {
                    "plural": self.plural,
                    "kind": self.kind,
                    "singular": self.kind.lower(),
                },
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "subresources": {"status": {}},
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            }
                        },
                    }
                ],
            },
        }
        self.cluster.kubectl("apply", "-f", "-", stdin=msgspec.json.encode(body).decode())
        if wait:
            self.cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}")

    def remove(self) -> None:
        self.cluster.kubectl("delete", "crd", f"{self.plural}.{GROUP}", "--ignore-not-found")

    def body(self, name: str, **spec: object) -> dict[str, object]:
        return {
            "apiVersion": self.resource.api_version,
            "kind": self.kind,
            "metadata": {"name": name},
            "spec": spec,
        }


@pytest.fixture(scope="session")
def things(cluster: Cluster) -> Iterator[Things]:
    """A kind that is always there."""
    found = Things(cluster)
    found.install()
    yield found
    found.remove()


@pytest.fixture
def connection(cluster: Cluster) -> Connection:
    """The administrator's connection."""
    return load_kubeconfig([cluster.kubeconfig])


@pytest.fixture
async def client(connection: Connection) -> AsyncIterator[Client]:
    """The administrator's client."""
    async with connect(connection) as found:
        yield found


@pytest.fixture
async def proxy(connection: Connection) -> AsyncIterator[Proxy]:
    """A way to the API server that can be made to fail."""
    target = urlsplit(connection.server)
    assert target.hostname is not None
    async with proxying(target.hostname, target.port or 443) as found:
        yield found


def through(proxy: Proxy, cluster: Cluster) -> Connection:
    """The administrator's connection by way of the proxy."""
    direct = load_kubeconfig([cluster.kubeconfig])
    name = urlsplit(direct.server).hostname or ""
    return replace(direct, server=f"https://127.0.0.1:{proxy.port}", server_name=name)


def key(namespace: str, name: str) -> ObjectKey:
    return ObjectKey(namespace, name)
