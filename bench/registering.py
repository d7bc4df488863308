"""Registering git repositories with the system that is measured, as any client would."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from porch.api.repository import Repository
from porch.controllers.served import REPOSITORIES
from porch.runtime.client import Client, PartialObject, Selection
from porch.runtime.resources import ObjectKey

LISTED_WITHIN = timedelta(seconds=60)
_LOOK_EVERY = timedelta(milliseconds=50)


async def register(client: Client, namespace: str, name: str, url: str) -> None:
    """Ask for a git repository to be looked at."""
    body = {
        "apiVersion": REPOSITORIES.api_version,
        "kind": REPOSITORIES.kind,
        "metadata": {"name": name},
        "spec": {"type": "git", "git": {"repo": url, "branch": "main"}},
    }
    await client.create(REPOSITORIES, body, namespace=namespace, into=PartialObject)


async def register_all(client: Client, namespace: str, urls: Mapping[str, str]) -> None:
    """Register repositories, by name, and wait until all are Ready."""
    for name, url in urls.items():
        await register(client, namespace, name, url)
    async with asyncio.timeout(LISTED_WITHIN.total_seconds()):
        for name in urls:
            await _ready(client, ObjectKey(namespace, name))


async def unregister_all(client: Client, namespace: str, *, mark: str) -> None:
    """Ask for the removal of all repositories whose names begin so."""
    listed = await client.list(REPOSITORIES, Selection(namespace=namespace), into=PartialObject)
    for each in listed.items:
        if each.metadata.name.startswith(mark):
            await client.delete(REPOSITORIES, ObjectKey(namespace, each.metadata.name))


async def _ready(client: Client, key: ObjectKey) -> None:
    found = await client.get(REPOSITORIES, key, into=Repository)
    while not _is_ready(found):
        await asyncio.sleep(_LOOK_EVERY.total_seconds())
        found = await client.get(REPOSITORIES, key, into=Repository)


def _is_ready(found: Repository) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in found.status.conditions)
