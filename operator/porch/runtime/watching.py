"""Kopf as the source of events, and nothing else.

Kopf lists, watches and resumes; each event becomes an object in a `Store` and, when it says
something new, a call of the kind's `on_event`. Kopf writes nothing to anybody's objects: only
`on.event` handlers are registered; posting, peering and scanning are off; no finalizer is set.

Thread    Kopf takes its event loop for its own: it installs handlers of signals, and when it ends
          it cancels every task that was begun after it. So it has a thread and a loop of its own;
          decoding happens there, stores and callbacks live in the caller's loop.
Absence   Kopf does not tell of objects that went while its watch was broken, nor when its list
          has been told completely. After each of its lists we make one of our own: it fills the
          store, and what a complete list, newer than the object, does not have is removed.
Restarts  Kopf ends when a kind is not served (a CRD is re-installed) and on errors that it does
          not expect; it is begun again, after a wait that grows to `_LONGEST_WAIT`. As long as it
          cannot be, the kinds that are served are listed instead: a CRD that is being deleted
          waits for us to let go of its objects while the others are gone already.
I/O       a connection of its own for Kopf, one for our lists.
Latency   a change is in the store some 5 ms after the write was sent; there is no batching.
Errors    an object that cannot be decoded is logged and left out, its last good version stays.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import kopf
import msgspec

from porch.errors import PorchError
from porch.runtime.apierrors import NotFound
from porch.runtime.client import Client, PartialObject, Selection, connect, decoder_of
from porch.runtime.connection import Connection, load_connection
from porch.runtime.kopfthread import KopfThread
from porch.runtime.resources import ObjectKey, Resource
from porch.runtime.store import Store, T, key_of

logger = logging.getLogger(__name__)

_FIRST_WAIT = 0.5  # seconds
_LONGEST_WAIT = 15.0


@dataclass(frozen=True, slots=True)
class Watched(Generic[T]):
    """One kind to watch."""

    resource: Resource
    into: type[T]
    store: Store[T]
    on_event: Callable[[ObjectKey], None]  # something new, that we did not do ourselves


class Watching:
    """Watches kinds until it is stopped. Everything but `stop` belongs to one event loop."""

    def __init__(
        self,
        kinds: Sequence[Watched[Any]],
        *,
        namespaces: Sequence[str] = (),
        connection: Callable[[], Connection] = load_connection,
    ) -> None:
        self._kinds = {kind.resource: kind for kind in kinds}
        self._namespaces = tuple(namespaces)  # empty: all
        self._connection = connection  # called once for each loop that connects
        self._stopping = asyncio.Event()
        self._listed: set[Resource] = set()  # kinds that are known completely
        # time.monotonic() of the last event, list or watch that began, by plural
        self.heard_at = {kind.resource.plural: time.monotonic() for kind in kinds}

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    async def run(self, ready: asyncio.Event | None = None) -> None:
        """Watch until `stop`; `ready` is set once every kind is known completely."""
        ready = ready or asyncio.Event()
        wait = _FIRST_WAIT
        async with connect(self._connection()) as client:
            while not self._stopping.is_set():
                begun = time.monotonic()
                await self._watch_once(client, ready)
                lasted = time.monotonic() - begun
                wait = _FIRST_WAIT if lasted > _LONGEST_WAIT else min(wait * 2, _LONGEST_WAIT)
                await self._unless_stopping(wait)

    async def _watch_once(self, client: Client, ready: asyncio.Event) -> None:
        """Until Kopf ends, by itself or because we stop."""
        unserved = await self._unserved(client)
        if unserved:
            await self._list_once(client, unserved)
            return
        lists: asyncio.Queue[Resource] = asyncio.Queue()
        thread = KopfThread(
            [(kind.resource, kind.into) for kind in self._kinds.values()],
            namespaces=self._namespaces,
            connection=self._connection,
            on_event=self._take,
            on_heard=self._heard,
            on_list=lists.put_nowait,
        )
        async with asyncio.TaskGroup() as group:
            listing = group.create_task(self._list(client, lists, ready))
            stopping = group.create_task(self._stop_soon(thread))
            error = await thread.run()
            listing.cancel()
            stopping.cancel()
        if not self._stopping.is_set():
            logger.warning("watching ended and begins again", extra={"error": str(error)})

    async def _stop_soon(self, thread: KopfThread) -> None:
        await self._stopping.wait()
        thread.stop()

    async def _unserved(self, client: Client) -> set[Resource]:
        """Kopf does not wait for a kind to be served: it would never watch it."""
        served: set[tuple[str, str]] = set()
        for api_version in {resource.api_version for resource in self._kinds}:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                found = _decoder.decode(await client.read(path))
            except NotFound:
                continue
            except (PorchError, msgspec.DecodeError) as err:
                facts = {"path": path, "error": str(err)}
                logger.warning("what is served cannot be read yet", extra=facts)
                return set(self._kinds)
            served |= {(api_version, each.name) for each in found.resources}
        missing = {each for each in self._kinds if (each.api_version, each.plural) not in served}
        for resource in missing:
            self._heard(resource)  # the API server answers; it has no news because of us
            logger.warning("kind is not served yet", extra={"resource": str(resource)})
        return missing

    async def _list_once(self, client: Client, unserved: Collection[Resource]) -> None:
        """Take over what there is of all other kinds."""
        for resource in self._kinds.keys() - unserved:
            try:
                await self._compare(client, self._kinds[resource])
            except PorchError as err:
                facts = {"resource": str(resource), "error": str(err)}
                logger.warning("objects could not be listed", extra=facts)
            else:
                self._heard(resource)

    def _take(self, resource: Resource, change: kopf.RawEventType, obj: Any) -> None:
        self._heard(resource)
        kind = self._kinds[resource]
        if change != "DELETED":
            self._put(kind, obj)
        elif kind.store.remove(obj):
            kind.on_event(key_of(obj))

    def _put(self, kind: Watched[Any], obj: Any) -> None:
        if kind.store.put(obj):
            kind.on_event(key_of(obj))

    def _heard(self, resource: Resource) -> None:
        self.heard_at[resource.plural] = time.monotonic()

    async def _list(
        self, client: Client, lists: "asyncio.Queue[Resource]", ready: asyncio.Event
    ) -> None:
        """After each list of Kopf's, make one of our own."""
        while True:
            resource = await lists.get()
            try:
                await self._compare(client, self._kinds[resource])
            except PorchError as err:
                facts = {"resource": str(resource), "error": str(err)}
                logger.warning("objects could not be listed", extra=facts)
                await asyncio.sleep(_FIRST_WAIT)
                lists.put_nowait(resource)
                continue
            self._listed.add(resource)
            if len(self._listed) == len(self._kinds):
                ready.set()

    async def _compare(self, client: Client, kind: Watched[Any]) -> None:
        """Take over what a complete list has, and let go of what it does not have."""
        # NB: taken before the lists: what is made during them is not suspected.
        suspects = {key_of(obj): obj for obj in kind.store}
        decode = decoder_of(kind.into).decode
        for namespace in self._namespaces or ("",):
            selection = Selection(namespace=namespace)
            async for page in client.pages(kind.resource, selection, into=msgspec.Raw):
                for item in page.items:
                    try:
                        obj = decode(item)
                    except msgspec.ValidationError:  # Kopf's thread has told of it
                        suspects.pop(_partial.decode(item).metadata.key, None)
                        continue
                    suspects.pop(key_of(obj), None)
                    self._put(kind, obj)
                await asyncio.sleep(0)  # a page is some milliseconds of work
        for key, obj in suspects.items():
            if kind.store.remove(obj):
                kind.on_event(key)

    async def _unless_stopping(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


class _ApiResource(msgspec.Struct):
    name: str


class _ApiResources(msgspec.Struct):
    resources: list[_ApiResource]


_decoder = msgspec.json.Decoder(_ApiResources)
_partial = msgspec.json.Decoder(PartialObject)
