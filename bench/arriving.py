"""Revisions that come from git, as a client sees them arrive."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

from porch.api.packagerevision import PackageRevision
from porch.cache.cr import RESOURCES
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, Form, PartialObject, Selection
from porch.runtime.watch import Changed, watch

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n"
PATIENCE = timedelta(minutes=5)
_LOOK_EVERY = timedelta(milliseconds=200)


async def numbered(client: Client, namespace: str, expected: int, *, prefix: str) -> None:
    """Watch until so many revisions whose names begin so have their numbers."""
    selection = Selection(namespace=namespace)
    first = await client.list(REVISIONS, selection, into=PackageRevision)
    missing = Countdown(expected, prefix)
    for each in first.items:
        missing.look_at(each)
    events = watch(
        client,
        REVISIONS,
        selection,
        since=first.resource_version,
        into=PackageRevision,
    )
    async with asyncio.timeout(PATIENCE.total_seconds()), aclosing(events):
        while not missing.is_over:
            event = await anext(events)
            if isinstance(event, Changed):
                missing.look_at(event.object)


class Countdown:
    """Which revisions have been seen with their numbers."""

    def __init__(self, expected: int, prefix: str) -> None:
        self._expected = expected
        self._prefix = prefix
        self._seen: set[str] = set()

    @property
    def is_over(self) -> bool:
        """All have been seen."""
        return len(self._seen) >= self._expected

    def look_at(self, obj: PackageRevision) -> None:
        """Take note of one."""
        if obj.metadata.name.startswith(self._prefix) and is_numbered(obj):
            self._seen.add(obj.metadata.name)


async def shown(client: Client, namespace: str, expected: int, *, prefix: str) -> None:
    """Ask until so many revisions whose names begin so have their resources."""
    selection, found = Selection(namespace=namespace), 0
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while found < expected:
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            listed = await client.list(
                RESOURCES, selection, into=PartialObject, form=Form.METADATA, resource_version="0"
            )
            found = sum(each.metadata.name.startswith(prefix) for each in listed.items)


def is_numbered(obj: PackageRevision) -> bool:
    """It has been found in git, a placeholder of the branch included."""
    return obj.status.revision != 0
