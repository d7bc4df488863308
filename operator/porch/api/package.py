"""PorchPackage: one package of a repository, whatever its revisions.

Pure wire model of `packages.porch.kpt.dev/v1alpha1`. Written by the operator only.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, field

from porch.api.lifecycle import Lifecycle
from porch.api.meta import Conditions, Kind, ObjectMeta, Wire
from porch.api.names import MAX_NAME
from porch.api.packagerevision import Locator
from porch.api.wellknown import PORCH_GROUP

_SHORT = Meta(extra_json_schema={"maxLength": MAX_NAME})


class PorchPackageSpec(Wire, frozen=True, kw_only=True):
    """Which package this is."""

    package_name: Annotated[str, _SHORT]
    """Path of the package below the registered directory, such as net/vpc. Immutable."""
    repository: Annotated[str, _SHORT]
    """Name of the Repository in the same namespace. Immutable."""


class RevisionCounts(Wire, frozen=True, kw_only=True):
    """How many revisions of the package there are in each state."""

    draft: int = 0
    """Being edited."""
    proposed: int = 0
    """Waiting for approval."""
    published: int = 0
    """Published with a number; content of the branch and foreign tags are not counted."""
    deletion_proposed: int = 0
    """Published, and waiting for the approval of their deletion."""


class NewerUpstream(Wire, frozen=True, kw_only=True):
    """A revision of the upstream that the package could be upgraded to."""

    name: str
    """The PackageRevision in the same namespace."""
    revision: int
    """Its number."""


class PackageUpstream(Wire, frozen=True, kw_only=True):
    """What the package was made from."""

    lock: Locator
    """The place in git, as the Kptfile of the newest revision has it."""
    revision: int = 0
    """Its number there; absent when it is no numbered revision."""
    newer: NewerUpstream | None = None
    """The newest revision of it that is registered in the namespace, when it has a higher number;
    `spec.source.upgrade` of a new revision takes it over."""


class PorchPackageStatus(Wire, frozen=True, kw_only=True):
    """What is known of the package."""

    observed_generation: int = 0
    """The `metadata.generation` that this status is about."""
    latest_revision: int = 0
    """Highest number among the published revisions; absent when there is none."""
    latest: str = ""
    """The PackageRevision that has it."""
    lifecycle: Lifecycle | None = None
    """What the package needs next, of all its revisions: DeletionProposed or Proposed when somebody
    must approve, Draft when something is being edited, else Published."""
    revisions: RevisionCounts | None = None
    """How many revisions there are in each state."""
    upstream: PackageUpstream | None = None
    """What the package was made from; absent when from nothing, or when nobody knows."""
    conditions: Conditions = field(default_factory=list)
    """State of the package as Kubernetes' tools understand it."""


class PorchPackage(Wire, frozen=True, kw_only=True):
    """One package of a repository. Written by the operator only."""

    KIND: ClassVar[Kind] = Kind(
        group=PORCH_GROUP,
        version="v1alpha1",
        kind="PorchPackage",
        plural="packages",
        singular="package",
        has_status=True,
        list_kind="PackageList",
    )

    metadata: ObjectMeta
    spec: PorchPackageSpec
    """Which package this is."""
    status: PorchPackageStatus = field(default_factory=PorchPackageStatus)
    """What is known of the package."""
