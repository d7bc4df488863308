"""PorchPackage: one package of a repository, whatever its revisions.

Pure wire model of `packages.porch.kpt.dev/v1alpha1`. Written by the operator only.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, field

from porch.api.meta import Conditions, Kind, ObjectMeta, Wire
from porch.api.names import MAX_NAME
from porch.api.wellknown import PORCH_GROUP

_SHORT = Meta(extra_json_schema={"maxLength": MAX_NAME})


class PorchPackageSpec(Wire, frozen=True, kw_only=True):
    """Which package this is."""

    package_name: Annotated[str, _SHORT]
    """Path of the package below the registered directory, such as net/vpc. Immutable."""
    repository: Annotated[str, _SHORT]
    """Name of the Repository in the same namespace. Immutable."""


class PorchPackageStatus(Wire, frozen=True, kw_only=True):
    """What is known of the package."""

    observed_generation: int = 0
    """The `metadata.generation` that this status is about."""
    latest_revision: int = 0
    """Highest number among the published revisions; absent when there is none."""
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
