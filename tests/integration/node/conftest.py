"""A namespace of the node's cluster for each test, and pods of functions in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from porch_devcluster.api import wait_for
from porch_devcluster.node.node import Node
from tests.integration.node.pods import SOON, FunctionPods

_numbers = itertools.count(1)


@pytest.fixture
def pods(node: Node) -> Iterator[FunctionPods]:
    """Pods of functions, gone at the end."""
    name = f"functions-{next(_numbers)}"
    api = node.cluster.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    wait_for(api, account, bool, within=SOON)  # pods are refused before it is there
    yield FunctionPods(node, name)
    api.delete(f"/api/v1/namespaces/{name}")
