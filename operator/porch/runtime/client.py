"""A thin client of the Kubernetes API: verbs in, typed objects out.

I/O       the network, through one session; every call has a timeout from the settings.
Values    bodies are anything that msgspec encodes to JSON (or ready bytes); answers are decoded
          into the type that the caller names; `PartialObject` is enough for most writes.
          Fields that the type does not know are dropped: never send such a value back by PUT.
Errors    ApiError (see apierrors), BadConnection, LoginFailed. A write that ends in Unavailable
          may have happened.
Waiting   401 renews the credentials and repeats once; 429 and 503 are repeated when the server
          says when and that is within the call's timeout.
Cost      about 0.4 ms of CPU a call beside the server's work; see docs/decisions.
Source    https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from porch.runtime.apierrors import ApiError, Malformed, Unauthorized, Unavailable
from porch.runtime.calls import Call, Transport
from porch.runtime.connection import Connection
from porch.runtime.resources import ObjectKey, Resource

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Limits of the calls to the API server. Environment prefix: PORCH_CLIENT_."""

    request_timeout: timedelta = timedelta(seconds=30)  # a whole call, the waits of 429 included
    connect_timeout: timedelta = timedelta(seconds=5)  # TCP and TLS
    watch_timeout: timedelta = timedelta(minutes=5)  # the server ends a watch; it is resumed
    watch_silence: timedelta = timedelta(seconds=75)  # not even a bookmark: the stream is dead
    watch_backoff: timedelta = timedelta(seconds=10)  # longest wait between two attempts
    max_connections: int = 64  # watches included
    max_answer_bytes: int = 256 << 20  # of one answer
    page_size: int = 500  # objects a page of a list


class Form(StrEnum):
    """How much of an object crosses the wire."""

    WHOLE = "application/json"
    METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    # NB: one header cannot name both: the server takes the first for a watch too, and says nothing.
    METADATA_PAGES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class PatchType(StrEnum):
    """How the body of a patch is to be read."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"


class ManagedFields(msgspec.Struct):
    """How somebody came to own fields of an object."""

    operation: str = ""


class Meta(msgspec.Struct, rename="camel"):
    """The metadata that a machine acts on."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    annotations: dict[str, str] = {}
    managed_fields: list[ManagedFields] = []

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.namespace, self.name)


class PartialObject(msgspec.Struct):
    """Any object, its metadata alone."""

    metadata: Meta


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct, Generic[T]):
    metadata: _ListMeta
    items: list[T] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list."""

    items: list[T]
    resource_version: str  # of the whole list; the same on every page


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects of a collection."""

    namespace: str = ""  # "" for all
    labels: str = ""  # label selector
    fields: str = ""  # field selector

    def query(self) -> dict[str, str]:
        wanted = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in wanted.items() if value}


EVERYTHING = Selection()


class Client:
    """Calls of one API server as one identity. Build it with `connect`."""

    def __init__(self, transport: Transport, settings: ClientSettings) -> None:
        self.transport = transport
        self.settings = settings

    async def get(
        self, resource: Resource, key: ObjectKey, *, into: type[T], form: Form = Form.WHOLE
    ) -> T:
        """The object as etcd has it now."""
        call = Call("GET", resource.object_path(key), accept=form)
        return self._decoded(call, await self._send(call), into)

    async def pages(
        self,
        resource: Resource,
        selection: Selection = EVERYTHING,
        *,
        into: type[T],
        form: Form = Form.WHOLE,
        resource_version: str = "",
    ) -> AsyncIterator[Page[T]]:
        """All matching objects at one instant, page by page.

        `resource_version` "" reads what etcd has now; "0" takes the server's cache as it is,
        which is far cheaper and may be seconds old. Expired when the caller is too slow.
        """
        path = resource.collection_path(selection.namespace)
        first = {"limit": str(self.settings.page_size)} | selection.query()
        if resource_version:
            first["resourceVersion"] = resource_version
        token, query = "", first
        while True:
            call = Call("GET", path, urlencode(query), accept=_of_pages(form))
            page = self._decoded(call, await self._send(call), _List[into])  # type: ignore[valid-type]
            yield Page(page.items or [], page.metadata.resource_version)
            token = page.metadata.continue_
            if not token:
                return
            query = {"limit": first["limit"], "continue": token} | selection.query()

    async def list(
        self,
        resource: Resource,
        selection: Selection = EVERYTHING,
        *,
        into: type[T],
        form: Form = Form.WHOLE,
        resource_version: str = "",
    ) -> Page[T]:
        """All matching objects at one instant, in memory; see `pages`."""
        items: list[T] = []
        version = ""
        async for page in self.pages(
            resource, selection, into=into, form=form, resource_version=resource_version
        ):
            items += page.items
            version = page.resource_version
        return Page(items, version)

    async def create(
        self, resource: Resource, body: Any, *, namespace: str, into: type[T], manager: str = ""
    ) -> T:
        """Make a new object; AlreadyExists when there is one of that name."""
        query = urlencode({"fieldManager": manager}) if manager else ""
        path = resource.collection_path(namespace)
        call = Call("POST", path, query, _encoded(body), "application/json")
        return self._decoded(call, await self._send(call), into)

    async def replace(
        self,
        resource: Resource,
        key: ObjectKey,
        body: Any,
        *,
        into: type[T],
        subresource: str = "",
        manager: str = "",
    ) -> T:
        """Put a whole object in place; with a resourceVersion in it, only over that version."""
        path = resource.object_path(key, subresource=subresource)
        query = urlencode({"fieldManager": manager}) if manager else ""
        call = Call("PUT", path, query, _encoded(body), "application/json")
        return self._decoded(call, await self._send(call), into)

    async def patch(
        self,
        resource: Resource,
        key: ObjectKey,
        body: Any,
        *,
        into: type[T],
        subresource: str = "",
        patch_type: PatchType = PatchType.MERGE,
    ) -> T:
        """Change parts of an object; `metadata.resourceVersion` in a merge is a precondition."""
        path = resource.object_path(key, subresource=subresource)
        call = Call("PATCH", path, "", _encoded(body), patch_type)
        return self._decoded(call, await self._send(call), into)

    async def apply(
        self,
        resource: Resource,
        key: ObjectKey,
        body: Any,
        *,
        into: type[T],
        manager: str,
        subresource: str = "",
    ) -> T:
        """Server-side apply: own exactly the fields of `body`, taking them from others.

        `metadata.resourceVersion` in the body is a precondition and forbids creation.
        """
        path = resource.object_path(key, subresource=subresource)
        query = urlencode({"fieldManager": manager, "force": "true"})
        call = Call("PATCH", path, query, _encoded(body), "application/apply-patch+yaml")
        return self._decoded(call, await self._send(call), into)

    async def delete(
        self,
        resource: Resource,
        key: ObjectKey,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
    ) -> None:
        """Ask for deletion, of exactly this incarnation and version when they are given."""
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options: dict[str, Any] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
        }
        if preconditions := {name: value for name, value in wanted.items() if value}:
            options["preconditions"] = preconditions
        path = resource.object_path(key)
        await self._send(Call("DELETE", path, "", _encoded(options), "application/json"))

    async def read(self, path: str) -> bytes:
        """Any other path by GET, such as "/version" or "/apis"."""
        return await self._send(Call("GET", path))

    async def _send(self, call: Call) -> bytes:
        limit = self.settings.request_timeout.total_seconds()
        try:
            async with asyncio.timeout(limit) as scope:
                return await self._patiently(call, deadline=scope.when() or 0.0)
        except TimeoutError as err:
            raise Unavailable(f"{call}: the answer must come within {limit:g} s") from err

    async def _patiently(self, call: Call, *, deadline: float) -> bytes:
        renewed = False
        while True:
            try:
                return await self.transport.send(call)
            except Unauthorized:
                if renewed:
                    raise
                renewed = True
            except ApiError as err:
                # NB: only an answer carries `retry_after`: this call was not carried out.
                if err.retry_after is None or not _fits(err.retry_after, deadline):
                    raise
                await asyncio.sleep(err.retry_after.total_seconds())

    def _decoded(self, call: Call, body: bytes, into: type[T]) -> T:
        try:
            return decoder_of(into).decode(body)
        except msgspec.DecodeError as err:
            raise Malformed(f"{call}: the answer must be a {into}: {err}") from err


@asynccontextmanager
async def connect(
    connection: Connection, settings: ClientSettings | None = None
) -> AsyncGenerator[Client, None]:
    """A client whose connections are closed at the end."""
    from porch.runtime.transport import HttpTransport  # not before it is used: 0.3 s

    settings = settings or ClientSettings()
    transport = HttpTransport(
        connection,
        max_connections=settings.max_connections,
        connect_seconds=settings.connect_timeout.total_seconds(),
        max_answer_bytes=settings.max_answer_bytes,
    )
    try:
        yield Client(transport, settings)
    finally:
        await transport.close()


def _of_pages(form: Form) -> Form:
    return Form.METADATA_PAGES if form is Form.METADATA else form


def _encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def _fits(wait: timedelta, deadline: float) -> bool:
    return asyncio.get_running_loop().time() + wait.total_seconds() < deadline


def decoder_of(into: type[T]) -> msgspec.json.Decoder[T]:
    """The one decoder of a type; building it costs more than a hundred uses."""
    known: Any = into  # Any: the type checker does not take a type for hashable
    return cast("msgspec.json.Decoder[T]", _decoder(known))


@functools.cache
def _decoder(into: Any) -> Any:
    return msgspec.json.Decoder(into)
