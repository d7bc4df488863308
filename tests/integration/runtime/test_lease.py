"""Two contenders for one Lease, on a real API server and a network that fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from porch.runtime.client import Client, connect
from porch.runtime.lease import Lease, LeaseSettings, NotLeading
from porch.runtime.resources import ObjectKey
from porch_devcluster.cluster import Cluster
from tests.integration.proxy import Proxy
from tests.integration.runtime.conftest import through

pytestmark = pytest.mark.cluster

QUICK = LeaseSettings(
    duration=timedelta(seconds=3),
    renew_deadline=timedelta(seconds=2),
    retry=timedelta(seconds=0.3),
)


@pytest.fixture
async def far_client(proxy: Proxy, cluster: Cluster) -> AsyncIterator[Client]:
    """A client whose network can be made to fail."""
    async with connect(through(proxy, cluster)) as found:
        yield found


def may_write(lease: Lease) -> bool:
    try:
        lease.check()
    except NotLeading:
        return False
    return True


@pytest.mark.parametrize("fault", ["refused", "silent"])
async def test_a_holder_without_a_network_stops_before_another_begins(
    client: Client, far_client: Client, proxy: Proxy, *, namespace: str, fault: str
) -> None:
    """Connections that are refused, and connections that swallow everything."""
    key = ObjectKey(namespace, "shard-0")
    first = Lease(far_client, key, identity="one", settings=QUICK)
    second = Lease(client, key, identity="two", settings=QUICK)
    both = 0
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(first.run())]
        await asyncio.wait_for(first.acquired(), 10)
        tasks.append(group.create_task(second.run()))
        await asyncio.sleep(1)
        begin = time.monotonic()
        proxy.refuse() if fault == "refused" else proxy.hold()
        while not may_write(second):
            both += may_write(first) and may_write(second)
            assert time.monotonic() - begin < 15
            await asyncio.sleep(0.02)
        assert not may_write(first)
        proxy.let()
        for task in tasks:
            task.cancel()

    assert both == 0


async def test_a_lease_passes_on_at_once_when_it_is_released(
    client: Client, namespace: str
) -> None:
    """A roll-out costs one attempt, not the duration."""
    key = ObjectKey(namespace, "shard-0")
    first = Lease(client, key, identity="one", settings=QUICK)
    second = Lease(client, key, identity="two", settings=QUICK)
    async with asyncio.TaskGroup() as group:
        holding = group.create_task(first.run())
        await asyncio.wait_for(first.acquired(), 10)
        waiting = group.create_task(second.run())
        await asyncio.sleep(0.5)
        begin = time.monotonic()
        holding.cancel()
        await asyncio.wait_for(second.acquired(), 10)
        waiting.cancel()

    assert time.monotonic() - begin < 1
