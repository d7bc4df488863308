"""Revisions as sources of new ones: the engine's port `Library`."""

from dataclasses import dataclass

from porch.api.packagerevision import PackageRevision
from porch.controllers.homes import Homes
from porch.controllers.packagerevision.facts import fact_of, wish_of
from porch.controllers.served import object_key
from porch.engine.ports import Origin
from porch.engine.seen import Key
from porch.errors import Waiting
from porch.kpt.content import Content
from porch.runtime.store import Store
from porch.storage.adapter import StoredRevision


class RepositoryGone(Waiting):
    """The repository of a source was unregistered while we wanted to read it."""

    reason = "WaitingForSource"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredRevisions:
    """Finds revisions by object name and reads them from their repository."""

    store: Store[PackageRevision]
    homes: Homes

    def find(self, key: Key) -> Origin | None:
        """What is known of a revision."""
        obj = self.store.get(object_key(key))
        if obj is None:
            return None
        wish = wish_of(obj)
        registered = self.homes.get(Key(key.namespace, wish.repository))
        snapshot = registered.snapshot if registered is not None else None
        stored = snapshot.revisions.get(wish.id) if snapshot is not None else None
        trouble = ""
        if stored is None:
            why = "has not been listed yet" if snapshot is None else "does not hold it"
            trouble = f"its Repository {wish.repository!r} {why}"
            if registered is not None and registered.trouble:
                trouble = f"{trouble}: {registered.trouble}"
        return Origin(
            repository=wish.repository,
            id=wish.id,
            lifecycle=fact_of(obj.status).lifecycle,
            stored=stored if stored is not None and stored.lifecycle.is_published else None,
            is_placeholder=registered is not None and registered.branch == wish.id.workspace,
            trouble=trouble,
        )

    async def read(self, origin: Origin, stored: StoredRevision, *, namespace: str) -> Content:
        """Every file of a revision, with its bytes."""
        registered = self.homes.get(Key(namespace, origin.repository))
        if registered is None:
            raise RepositoryGone(f"Repository {origin.repository!r} is not registered any more")
        return await registered.known.read(stored)
