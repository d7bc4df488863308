"""Published revisions as sources of new ones: the engine's port `Library`."""

from dataclasses import dataclass

from porch.api.packagerevision import PackageRevision
from porch.controllers.homes import Homes
from porch.controllers.packagerevision.facts import fact_of, wish_of
from porch.controllers.served import object_key
from porch.engine.seen import Home, Key, Seen
from porch.kpt.content import Content
from porch.runtime.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRevisions:
    """Finds published revisions by object name and reads them from their repository."""

    store: Store[PackageRevision]
    homes: Homes

    async def published(self, key: Key) -> tuple[Seen, Content] | str:
        """The revision and its content, or why there is none yet."""
        obj = self.store.get(object_key(key))
        if obj is None:
            return f"PackageRevision {key.name!r} does not exist in namespace {key.namespace!r}"
        wish, fact = wish_of(obj), fact_of(obj.status)
        if fact.publication is None:
            found = fact.lifecycle or "not established yet"
            return f"PackageRevision {key.name!r} must be Published, found {found}"
        registered = self.homes.get(Key(key.namespace, wish.repository))
        snapshot = registered.snapshot if registered is not None else None
        stored = snapshot.revisions.get(wish.id) if snapshot is not None else None
        if registered is None or stored is None:
            return f"Repository {wish.repository!r} of {key.name!r} has not been listed yet"
        seen = Seen(key=key, wish=wish, fact=fact, home=Home.LISTED, stored=stored)
        return seen, await registered.known.read(stored)
