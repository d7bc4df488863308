"""Watches objects by their metadata alone: for kinds whose bodies are too large to keep.

I/O       pages of 500, then a watch with bookmarks; a version that the server forgot means a new
          list, whose end proves what is gone.
Values    each object is handed on as `Meta`; nothing but its resourceVersion is kept.
Errors    what the caller cannot wait out (Forbidden, Malformed) ends `run`.
"""

import asyncio
import time
from collections.abc import Callable

from porch.runtime.apierrors import Expired, NotFound, Unavailable
from porch.runtime.client import Client, Form, Meta, PartialObject, Selection
from porch.runtime.resources import ObjectKey, Resource
from porch.runtime.watch import Bookmark, Change, Changed, watch

RETRY_SECONDS = 1.0


class Reflector:
    """The metadata of one kind, in one namespace or in all."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        *,
        namespace: str = "",
        changed: Callable[[Meta], None],
        gone: Callable[[ObjectKey], None],
    ) -> None:
        self._client = client
        self._resource = resource
        self._selection = Selection(namespace=namespace)
        self._changed = changed
        self._gone = gone
        self._known: set[ObjectKey] = set()
        self.synced = asyncio.Event()  # a complete list has been handed on
        self.heard_at = time.monotonic()

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                version = await self._list()
                self.synced.set()
                await self._watch(version)
            except Expired:
                continue
            except (NotFound, Unavailable):
                await asyncio.sleep(RETRY_SECONDS)

    async def _list(self) -> str:
        present: set[ObjectKey] = set()
        version = ""
        pages = self._client.pages(
            self._resource, self._selection, into=PartialObject, form=Form.METADATA
        )
        async for page in pages:
            version = page.resource_version
            for item in page.items:
                present.add(item.metadata.key)
                self._changed(item.metadata)
        for key in self._known - present:
            self._gone(key)
        self._known = present
        self.heard_at = time.monotonic()
        return version

    async def _watch(self, version: str) -> None:
        events = watch(
            self._client,
            self._resource,
            self._selection,
            since=version,
            into=PartialObject,
            form=Form.METADATA,
        )
        async for event in events:
            self.heard_at = time.monotonic()
            match event:
                case Bookmark():
                    continue
                case Changed(Change.DELETED, obj):
                    self._known.discard(obj.metadata.key)
                    self._gone(obj.metadata.key)
                case Changed(_, obj):
                    self._known.add(obj.metadata.key)
                    self._changed(obj.metadata)
