"""Objects for revisions that git has and the cluster lacks.

Many at once without pauses, and their numbers first: while a repository with a past settles, its
revisions show no files and its packages wait.
I/O       one call of the API server a revision.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porch.api.packagerevision import PackageRevision
from porch.api.repository import Repository
from porch.api.wellknown import (
    LATEST_REVISION_LABEL,
    PACKAGE_REVISION_FINALIZER,
    REPOSITORY_LABEL,
)
from porch.controllers.homes import Registered
from porch.controllers.served import REVISIONS
from porch.engine.discovery import Discovered
from porch.engine.seen import Key
from porch.errors import Permanent
from porch.runtime.apierrors import AlreadyExists
from porch.runtime.client import Client
from porch.runtime.store import Store
from porch.storage.adapter import Warned

AT_ONCE = 16

_REVISION = PackageRevision.KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredObjects:
    """Makes PackageRevisions of what was discovered."""

    client: Client
    revisions: Store[PackageRevision]
    look_at: Callable[[Key], None]

    async def make_all(
        self, registered: Registered, found: Sequence[Discovered]
    ) -> Sequence[Warned]:
        """Make the objects, and say which the API server does not take.

        What takes longer than a number is done when there are all of them.
        """
        repository, refused = registered.repository, list[Warned]()
        line = iter(found)

        async def work() -> None:
            for discovered in line:
                try:
                    await self._make(repository, discovered)
                except Permanent as err:
                    refused.append(Warned(discovered.stored.lock.ref, str(err)))

        registered.is_settling = len(found) > AT_ONCE
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as err:
            raise err.exceptions[0] from err  # the server is away for one as for all
        finally:
            was_settling, registered.is_settling = registered.is_settling, False
        if was_settling:
            namespace = repository.metadata.namespace
            for discovered in found:
                self.look_at(Key(namespace, discovered.name))
        return refused

    async def _make(self, repository: Repository, discovered: Discovered) -> None:
        namespace = repository.metadata.namespace
        key = Key(namespace, discovered.name)
        try:
            made = await self.client.create(
                REVISIONS,
                _object_for(repository, discovered),
                namespace=namespace,
                into=PackageRevision,
            )
            self.revisions.put(made)
        except AlreadyExists:
            pass  # its event may not have come yet
        self.look_at(key)


def _object_for(repository: Repository, discovered: Discovered) -> dict[str, object]:
    """The PackageRevision of a revision that git has; its status follows with its first pass."""
    stored = discovered.stored
    return {
        "apiVersion": _REVISION.api_version,
        "kind": _REVISION.kind,
        "metadata": {
            "name": discovered.name,
            "namespace": repository.metadata.namespace,
            "labels": {
                REPOSITORY_LABEL: repository.metadata.name,
                LATEST_REVISION_LABEL: "false",
            },
            "finalizers": [PACKAGE_REVISION_FINALIZER],
        },
        "spec": {
            "packageName": stored.id.package,
            "repository": repository.metadata.name,
            "workspaceName": stored.id.workspace,
            "lifecycle": stored.lifecycle,
        },
    }
