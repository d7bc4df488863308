"""Watches the objects of one kind, whole or by their metadata alone, and keeps none of them.

I/O       pages of 500, then a watch with bookmarks; a version that the server forgot means a new
          list, whose end proves what is gone.
Values    each object is handed on as the caller's type, after a list also those that have not
          changed; nothing but the keys is kept. `Form.METADATA` is for kinds with large bodies.
Errors    Transient ones and a kind that is not served are waited out, with growing waits and full
          jitter; what time does not heal (Malformed, and a right that was missing from the
          start) ends `run`. A right that we had is waited for: an API server that starts knows
          of none for a moment.
Cost      about 30 microseconds and 0.3 kB an object.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

from porch.errors import Transient
from porch.runtime.apierrors import Forbidden, NotFound
from porch.runtime.client import EVERYTHING, Client, Form, Selection
from porch.runtime.resources import ObjectKey, Resource
from porch.runtime.watch import Change, Changed, watch

logger = logging.getLogger(__name__)

_FIRST_WAIT = 0.2  # seconds
_LONGEST_WAIT = 15.0


class Named(Protocol):
    """Metadata that tells which object it is of."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...


class HasName(Protocol):
    """What a reflector reads of an object."""

    @property
    def metadata(self) -> Named: ...


T = TypeVar("T", bound=HasName)


class Reflector(Generic[T]):
    """The objects of one kind, of a selection of them."""

    def __init__(  # noqa: PLR0913 (what is watched, and who is told)
        self,
        client: Client,
        resource: Resource,
        *,
        into: type[T],
        form: Form = Form.WHOLE,
        selection: Selection = EVERYTHING,
        changed: Callable[[T], None],
        gone: Callable[[ObjectKey], None],
    ) -> None:
        self._client = client
        self._resource = resource
        self._into = into
        self._form = form
        self._selection = selection
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
            except (Transient, NotFound, Forbidden) as err:
                if isinstance(err, Forbidden) and not self.synced.is_set():
                    raise
                failures += 1
                facts = {"resource": str(self._resource), "error": str(err)}
                logger.info("objects are listed again", extra=facts)
                span = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures, 16))
                await asyncio.sleep(random.uniform(0, span))  # noqa: S311 (jitter is no secret)

    async def _list(self) -> str:
        present: set[ObjectKey] = set()
        version = ""
        pages = self._client.pages(
            self._resource, self._selection, into=self._into, form=self._form
        )
        async for page in pages:
            version = page.resource_version
            for item in page.items:
                present.add(_key_of(item))
                self._changed(item)
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
            into=self._into,
            form=self._form,
        )
        async with aclosing(events):
            async for event in events:
                self.heard_at = time.monotonic()
                if isinstance(event, Changed):
                    self._take(event.change, event.object)

    def _take(self, change: Change, item: T) -> None:
        key = _key_of(item)
        if change is Change.DELETED:
            self._known.discard(key)
            self._gone(key)
        else:
            self._known.add(key)
            self._changed(item)


def _key_of(item: HasName) -> ObjectKey:
    return ObjectKey(item.metadata.namespace, item.metadata.name)
