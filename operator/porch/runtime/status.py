"""The one pen for `status`, and nothing sent for nothing.

I/O       one call when the status differs from the one of the object that it was decided on.
Values    `status` is the whole status; a field that is left out is removed, whoever wrote it.
          The object's resourceVersion goes along. Where the object changed meanwhile but its status
          did not, the status is written all the same: what was found out stays true. Where another
          process wrote a status, it is refused (WriteConflict) instead of being written over news.
Cost      a PUT: where nobody applies, the server does not look whose a field is (see `managers`).
"""

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

import msgspec

from porch.runtime.apierrors import WriteConflict
from porch.runtime.client import Client
from porch.runtime.resources import Resource
from porch.runtime.store import HasMetadata, key_of

MAX_READS = 4  # of an object that others keep changing, for one status


class HasStatus(HasMetadata, Protocol):
    """A typed object with a status."""

    @property
    def status(self) -> msgspec.Struct: ...


S = TypeVar("S", bound=HasStatus)


class StatusWriter(Generic[S]):
    """Writes the status of objects of one kind."""

    def __init__(self, client: Client, resource: Resource, into: type[S]) -> None:
        self._client = client
        self._resource = resource
        self._into = into

    async def write(self, obj: S, status: msgspec.Struct) -> S:
        """The object with this status; `obj` itself when it has it already.

        What it returns may hold news of others: a wish that came since `obj` was read.
        """
        if msgspec.json.encode(status) == msgspec.json.encode(obj.status):
            return obj
        for _ in range(MAX_READS):
            try:
                return await self._put(obj, status)
            except WriteConflict:
                obj = await self._read_again(obj)
        return await self._put(obj, status)

    async def _put(self, obj: S, status: msgspec.Struct) -> S:
        body: Mapping[str, object] = {
            "apiVersion": self._resource.api_version,
            "kind": self._resource.kind,
            "metadata": {
                "name": obj.metadata.name,
                "namespace": obj.metadata.namespace,
                "resourceVersion": obj.metadata.resource_version,
            },
            "status": status,
        }
        return await self._client.replace(
            self._resource, key_of(obj), body, into=self._into, subresource="status"
        )

    async def _read_again(self, obj: S) -> S:
        """The object as it is now; WriteConflict when its status is not the known one any more."""
        now = await self._client.get(self._resource, key_of(obj), into=self._into)
        same = msgspec.json.encode(now.status) == msgspec.json.encode(obj.status)
        if same and now.metadata.uid == obj.metadata.uid:
            return now
        raise WriteConflict(
            f"the status of {self._resource} {key_of(obj)} must be as it was read, and another "
            "process has written it since"
        )
