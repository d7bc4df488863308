"""What is known of the objects of one kind: the newest version of each that anybody told us.

Events of the watch and answers to our own writes both arrive here; the newer version wins, so a
pass never plans from what we have changed ourselves, and the event that echoes our own write is
recognised as nothing new.

State only; one event loop. Values: resourceVersions of one object are compared as numbers
(KEP-5504); keys are ObjectKeys. Cost: a dictionary entry an object and an index.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from porch.runtime.resources import ObjectKey

MAX_REMEMBERED_DELETIONS = 4096


class Metadata(Protocol):
    """The metadata that a store needs."""

    @property
    def name(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def resource_version(self) -> str: ...
    @property
    def deletion_timestamp(self) -> datetime | None: ...
    @property
    def finalizers(self) -> list[str]: ...


class HasMetadata(Protocol):
    """A typed object."""

    @property
    def metadata(self) -> Metadata: ...


T = TypeVar("T", bound=HasMetadata)

Index = Callable[[T], Iterable[Hashable]]  # the values that an object is filed under
Listener = Callable[[ObjectKey, T | None, T | None], None]  # key, before, after


class Store(Generic[T]):
    """The newest known version of every object, found by key or by an index."""

    def __init__(self, indexes: Mapping[str, Index[T]] | None = None) -> None:
        self._objects: dict[ObjectKey, T] = {}
        self._indexes = dict(indexes or {})
        self._found: dict[str, dict[Hashable, dict[ObjectKey, T]]] = {
            name: {} for name in self._indexes
        }
        self._deleted: OrderedDict[ObjectKey, int] = OrderedDict()
        self._listeners: list[Listener[T]] = []

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._objects.values()))

    def get(self, key: ObjectKey) -> T | None:
        """The object, if there is one."""
        return self._objects.get(key)

    def find(self, index: str, value: Hashable) -> list[T]:
        """The objects that an index files under `value`."""
        return list(self._found[index].get(value, {}).values())

    def listen(self, listener: Listener[T]) -> None:
        """Hear of every change, whoever made it."""
        self._listeners.append(listener)

    def put(self, obj: T) -> bool:
        """Take note of a version; False when it is not newer than what is known."""
        key = key_of(obj)
        version = int(obj.metadata.resource_version)
        before = self._objects.get(key)
        if before is not None and int(before.metadata.resource_version) >= version:
            return False
        if self._deleted.get(key, -1) >= version:
            return False
        if _is_gone(obj):
            return self.remove(obj)
        self._replace(key, before, obj)
        return True

    def remove(self, obj: T) -> bool:
        """Take note that an object is gone; `obj` is its last version."""
        key = key_of(obj)
        version = int(obj.metadata.resource_version)
        before = self._objects.get(key)
        if before is not None and int(before.metadata.resource_version) > version:
            return False
        self._deleted[key] = max(version, self._deleted.get(key, version))
        self._deleted.move_to_end(key)
        while len(self._deleted) > MAX_REMEMBERED_DELETIONS:
            self._deleted.popitem(last=False)
        if before is None:
            return False
        self._replace(key, before, None)
        return True

    def _replace(self, key: ObjectKey, before: T | None, after: T | None) -> None:
        for name, index in self._indexes.items():
            found = self._found[name]
            if before is not None:
                for value in index(before):
                    _unfile(found, value, key)
            if after is not None:
                for value in index(after):
                    found.setdefault(value, {})[key] = after
        if after is None:
            self._objects.pop(key, None)
        else:
            self._objects[key] = after
        for listener in self._listeners:
            listener(key, before, after)


def key_of(obj: HasMetadata) -> ObjectKey:
    """The key of an object."""
    return ObjectKey(obj.metadata.namespace, obj.metadata.name)


def _is_gone(obj: HasMetadata) -> bool:
    """The answer to a write that took the last finalizer: the object is gone by now."""
    return obj.metadata.deletion_timestamp is not None and not obj.metadata.finalizers


def _unfile(found: dict[Hashable, dict[ObjectKey, T]], value: Hashable, key: ObjectKey) -> None:
    filed = found.get(value)
    if filed is None:
        return
    filed.pop(key, None)
    if not filed:
        del found[value]
