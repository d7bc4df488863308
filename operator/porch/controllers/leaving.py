"""Whether a home is going: its namespace or our CRDs are being deleted.

Asked only when an object is being deleted, because then git must be left as it is. An answer that
we may not have (a missing right) counts as going: git is never changed on a guess.
"""

from porch.api.conditions import Reason
from porch.api.packagerevision import PackageRevision
from porch.api.repository import Repository
from porch.engine.seen import Halt
from porch.runtime.apierrors import Forbidden, NotFound
from porch.runtime.client import Client, PartialObject
from porch.runtime.resources import CRDS, NAMESPACES, ObjectKey, Resource

OURS = (PackageRevision.KIND.crd_name, Repository.KIND.crd_name)


class LeavingHomes:
    """Asks the API server what is going."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def what_goes(self, namespace: str) -> Halt | None:
        """What is going, in words; None when nothing is."""
        if await self._is_going(NAMESPACES, namespace):
            return _going(f"namespace {namespace!r} is being deleted")
        for name in OURS:
            if await self._is_going(CRDS, name):
                return _going(f"CustomResourceDefinition {name!r} is being deleted")
        return None

    async def _is_going(self, resource: Resource, name: str) -> bool:
        try:
            found = await self._client.get(resource, ObjectKey("", name), into=PartialObject)
        except (NotFound, Forbidden):
            return True
        return found.metadata.deletion_timestamp is not None


def _going(words: str) -> Halt:
    return Halt(Reason.WAITING_FOR_REPOSITORY, words, stalled=False)
