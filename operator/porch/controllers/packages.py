"""PorchPackage objects, and which revision of a package is the latest.

One pass looks at all revisions of one package: it writes the package's object and moves the label
of the latest revision. Nothing else writes either. A new revision of an upstream is a change of the
packages that were made from it, too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from porch.api import names
from porch.api.package import PorchPackage
from porch.api.packagerevision import PackageRevision
from porch.api.wellknown import (
    LATEST_REVISION_LABEL,
    PACKAGE_REVISION_FINALIZER,
    REPOSITORY_LABEL,
)
from porch.controllers.homes import Homes
from porch.controllers.packagestatus import Origin, latest_of, package_status
from porch.controllers.served import PACKAGES, REVISIONS
from porch.engine.seen import Key
from porch.runtime.apierrors import AlreadyExists, NotFound
from porch.runtime.client import Client
from porch.runtime.managers import relief
from porch.runtime.queue import DONE, Result
from porch.runtime.resources import ObjectKey
from porch.runtime.status import StatusWriter
from porch.runtime.store import Store

KIND = PorchPackage.KIND

LATER = timedelta(seconds=1)  # while its repository's revisions are being made


@dataclass(frozen=True, slots=True, order=True)
class PackageKey:
    """One package of one repository."""

    namespace: str
    repository: str
    package: str


def package_of(obj: PackageRevision) -> PackageKey:
    """The package that a revision belongs to."""
    return PackageKey(obj.metadata.namespace, obj.spec.repository, obj.spec.package_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Reconciles packages."""

    client: Client
    revisions: Store[PackageRevision]
    store: Store[PorchPackage]
    status: StatusWriter[PorchPackage]
    homes: Homes
    may_write: Callable[[], None]

    async def reconcile(self, key: PackageKey) -> Result:
        """One pass."""
        self.may_write()
        home = self.homes.get(Key(key.namespace, key.repository))
        if home is not None and home.is_settling:
            return Result(after=LATER)
        revisions = list(self.revisions.find("package", key))
        latest = latest_of(revisions)
        for revision in revisions:
            await self._label(revision, is_latest=revision is latest)
        name = ObjectKey(key.namespace, names.package_name(key.repository, key.package))
        if not revisions:
            await self._remove(name)
            return DONE
        obj = self.store.get(name) or await self._create(name, key)
        status = package_status(
            revisions, partial(self._published, key.namespace), generation=obj.metadata.generation
        )
        self.store.put(await self.status.write(obj, status))
        return DONE

    def _published(self, namespace: str, origin: Origin) -> Iterable[PackageRevision]:
        """The numbered revisions of a package, as they are registered in a namespace."""
        found = self.revisions.find("origin", origin)
        return (each for each in found if each.metadata.namespace == namespace)

    async def _label(self, revision: PackageRevision, *, is_latest: bool) -> None:
        wanted = "true" if is_latest else "false"
        labels = {LATEST_REVISION_LABEL: wanted, REPOSITORY_LABEL: revision.spec.repository}
        if labels.items() <= revision.metadata.labels.items():
            return
        if PACKAGE_REVISION_FINALIZER not in revision.metadata.finalizers:
            return  # its own pass has not begun; it brings the labels along
        key = ObjectKey(revision.metadata.namespace, revision.metadata.name)
        version = revision.metadata.resource_version
        metadata = {"labels": labels, "resourceVersion": version, **relief(revision.metadata)}
        written = await self.client.patch(
            REVISIONS, key, {"metadata": metadata}, into=PackageRevision
        )
        self.revisions.put(written)

    async def _create(self, name: ObjectKey, key: PackageKey) -> PorchPackage:
        body = {
            "apiVersion": KIND.api_version,
            "kind": KIND.kind,
            "metadata": {"name": name.name, "labels": {REPOSITORY_LABEL: key.repository}},
            "spec": {"packageName": key.package, "repository": key.repository},
        }
        try:
            made = await self.client.create(
                PACKAGES, body, namespace=key.namespace, into=PorchPackage
            )
        except AlreadyExists:
            made = await self.client.get(PACKAGES, name, into=PorchPackage)
        self.store.put(made)
        return made

    async def _remove(self, name: ObjectKey) -> None:
        if self.store.get(name) is None:
            return
        try:
            await self.client.delete(PACKAGES, name)
        except NotFound:
            return
