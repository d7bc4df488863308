"""Watches objects by their metadata alone: for kinds whose bodies are too large to keep.

I/O       pages of 500, then a watch with bookmarks; a version that the server forgot means a new
          list, whose end proves what is gone.
Values    each object is handed on as `Meta`, after a list also those that have not changed;
          nothing but the keys is kept.
Errors    Transient ones and a kind that is not served are waited out, with growing waits and full
          jitter; what time does not heal (Forbidden, Malformed) ends `run`.
Cost      about 30 microseconds and 0.3 kB an object.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing

from porch.errors import Transient
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client, Form, Meta, PartialObject, Selection
from porch.runtime.resources import ObjectKey, Resource
from porch.runtime.watch import Change, Changed, watch

logger = logging.getLogger(__name__)

_FIRST_WAIT = 0.2  # seconds
_LONGEST_WAIT = 15.0


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
        failures = 0
        while True:
            try:
                version = await self._list()
                self.synced.set()
                failures = 0
                await self._watch(version)
            except (Transient, NotFound) as err:
                failures += 1
                facts = {"resource": str(self._resource), "error": str(err)}
                logger.info("objects are listed again", extra=facts)
                span = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures, 16))
                await asyncio.sleep(random.uniform(0, span))  # noqa: S311 (jitter is no secret)

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
        async with aclosing(events):
            async for event in events:
                self.heard_at = time.monotonic()
                if isinstance(event, Changed):
                    self._take(event.change, event.object.metadata)

    def _take(self, change: Change, meta: Meta) -> None:
        if change is Change.DELETED:
            self._known.discard(meta.key)
            self._gone(meta.key)
        else:
            self._known.add(meta.key)
            self._changed(meta)
