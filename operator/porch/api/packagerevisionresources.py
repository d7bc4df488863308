"""PackageRevisionResources: the files of one package revision.

Pure wire model of `packagerevisionresources.porch.kpt.dev/v1alpha1`. It has no `/status`: files and
status are one write, and `metadata.generation` rises with either. A push of the existing command
line keeps nothing but the name, the resourceVersion and `spec.resources`, so nothing else may be
relied on to be there.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from porch.api.lifecycle import Lifecycle
from porch.api.meta import Conditions, Kind, ObjectMeta, Wire
from porch.api.names import MAX_NAME
from porch.api.results import FunctionResultList
from porch.api.wellknown import PORCH_GROUP

# Never the limit that is met first, since an object holds about 1 MB; without it, the rule about
# paths could not name the path that it refuses, for its cost is estimated by the number of files.
MAX_FILES = 50_000

_SHORT = Meta(extra_json_schema={"maxLength": MAX_NAME})


class PackageRevisionResourcesSpec(Wire, frozen=True, kw_only=True):
    """The files, and which revision they belong to."""

    package_name: Annotated[str, _SHORT] = ""
    """Path of the package, as in the PackageRevision. Restored by the operator when dropped."""
    workspace_name: Annotated[str, _SHORT] = ""
    """Workspace, as in the PackageRevision. Restored by the operator when dropped."""
    revision: int = 0
    """Number of the published revision; absent before publication."""
    repository: Annotated[str, _SHORT] = ""
    """Name of the Repository. Restored by the operator when dropped."""
    resources: Annotated[
        dict[str, str] | None,
        Meta(extra_json_schema={"x-kubernetes-map-type": "atomic", "maxProperties": MAX_FILES}),
    ] = None
    """The complete content: text of each file by its path in the package. What is not UTF-8 text
    is in `status.omitted`. Absent when the content is not kept in this object."""


class RenderStatus(Wire, frozen=True, kw_only=True):
    """How the last render ended."""

    result: FunctionResultList | None = None
    """What the functions had to say."""
    error: Annotated[str, Meta(extra_json_schema={"default": ""})] = ""
    """Why rendering failed; empty when it did not."""


class Omission(StrEnum):
    """What of a file `spec.resources` cannot show."""

    EXECUTABLE = "Executable"  # the text is shown, its executable bit is not
    SYMLINK = "Symlink"
    BINARY = "Binary"


class OmittedFile(Wire, frozen=True, kw_only=True):
    """A file that `spec.resources` does not show, or not completely; it is kept by every write."""

    path: str
    """Path of the file in the package."""
    mode: Annotated[str, Meta(extra_json_schema={"pattern": "^(100644|100755|120000)$"})]
    """Git mode of the file: 100644, 100755 (executable) or 120000 (symlink)."""
    blob: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{40}$"})]
    """Id of the git blob."""
    why: Omission
    """What cannot be shown: the executable bit, a symlink, or bytes that are not UTF-8 text."""


class PackageRevisionResourcesStatus(Wire, frozen=True, kw_only=True):
    """What the operator did with the files. Written by the operator only."""

    observed_generation: int = 0
    """The `metadata.generation` that the operator's last write produced: each of its writes changes
    this field, so each is exactly one generation."""
    lifecycle: Lifecycle | None = None
    """The seal: with any other value than Draft, `spec.resources` must not change."""
    render_status: RenderStatus | None = None
    """How the last render ended."""
    omitted: list[OmittedFile] = field(default_factory=list)
    """Files that `spec.resources` does not show, or not completely."""
    conditions: Conditions = field(default_factory=list)
    """State of the files as Kubernetes' tools understand it."""


class PackageRevisionResources(Wire, frozen=True, kw_only=True):
    """The files of the package revision of the same name."""

    KIND: ClassVar[Kind] = Kind(
        group=PORCH_GROUP,
        version="v1alpha1",
        kind="PackageRevisionResources",
        plural="packagerevisionresources",
        singular="packagerevisionresources",
        has_status=False,
        short_names=("prr",),
    )

    metadata: ObjectMeta
    spec: PackageRevisionResourcesSpec
    """The files, and which revision they belong to."""
    status: PackageRevisionResourcesStatus = field(default_factory=PackageRevisionResourcesStatus)
    """What the operator did with the files."""
