"""PackageRevision: one revision of one package, from its first draft to its removal.

Pure wire model of `packagerevisions.porch.kpt.dev/v1alpha2`. `spec` is what is wanted, `status`
what was established; `/status` is written by the operator only. The files are in the
PackageRevisionResources of the same name.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from porch.api.lifecycle import DEFAULT, Lifecycle
from porch.api.meta import Condition, ConditionStatus, Kind, NameReference, ObjectMeta, Wire
from porch.api.names import MAX_NAME
from porch.api.results import FunctionResult
from porch.api.wellknown import PORCH_GROUP

_NAME = Meta(extra_json_schema={"minLength": 1})
_SHORT = Meta(extra_json_schema={"maxLength": MAX_NAME})
_DIGEST = Meta(extra_json_schema={"pattern": "^tree:[0-9a-f]{40}$"})


class InitSource(Wire, frozen=True, kw_only=True):
    """A new package with a Kptfile, a README and a package context."""

    subpackage: str = ""
    """Directory of a second package to initialise inside the first."""
    description: str = ""
    """One sentence about the package, for its Kptfile."""
    keywords: list[str] = field(default_factory=list)
    """Keywords for the Kptfile."""
    site: str = ""
    """Web page of the package, for its Kptfile."""


class GitSource(Wire, frozen=True, kw_only=True):
    """A package in a git repository that need not be registered."""

    repo: Annotated[str, _NAME]
    """URL of the git repository."""
    ref: Annotated[str, _NAME]
    """Branch, tag or commit; `v1` means the tag `<directory>/v1` first, where there is one."""
    directory: str
    """Directory of the package in the repository; / is the whole of it."""
    secret_ref: NameReference | None = None
    """Secret in the same namespace with the credentials for the repository."""


class CloneType(StrEnum):
    """Where a clone comes from when it is not a registered revision."""

    GIT = "git"


class CloneSource(Wire, frozen=True, kw_only=True):
    """A new package with another one as its upstream: `git` or `upstreamRef`."""

    type: CloneType | None = None
    """git, when `git` is given."""
    git: GitSource | None = None
    """The upstream as a place in a git repository."""
    upstream_ref: NameReference | None = None
    """The upstream as a published PackageRevision in the same namespace."""


class CopySource(Wire, frozen=True, kw_only=True):
    """A further revision of the same package."""

    name: Annotated[str, _NAME]
    """The published PackageRevision to start from, in the same namespace."""


class UpgradeStrategy(StrEnum):
    """How the changes of the upstream and of the package are put together."""

    RESOURCE_MERGE = "resource-merge"
    FAST_FORWARD = "fast-forward"
    FORCE_DELETE_REPLACE = "force-delete-replace"
    COPY_MERGE = "copy-merge"


class UpgradeSource(Wire, frozen=True, kw_only=True):
    """A further revision of a package that takes over what its upstream changed."""

    old_upstream: NameReference
    """The upstream revision that the package was made from."""
    new_upstream: NameReference
    """The upstream revision to take over."""
    current_package: NameReference
    """The published revision of the package to start from."""
    strategy: UpgradeStrategy | None = None
    """How to merge; resource-merge when absent."""


class Source(Wire, frozen=True, kw_only=True):
    """Where the first content comes from: exactly one member, applied once, immutable."""

    init: InitSource | None = None
    """Start a new package from nothing."""
    clone_from: CloneSource | None = None
    """Start a new package from an upstream."""
    copy_from: CopySource | None = None
    """Start from a published revision of the same package."""
    upgrade: UpgradeSource | None = None
    """Start from a published revision of the same package and take over a newer upstream."""


class ReadinessGate(Wire, frozen=True, kw_only=True):
    """A condition of the package that must be True before people should propose it."""

    condition_type: str
    """Type of the condition in `status.packageConditions`."""


class PackageMetadata(Wire, frozen=True, kw_only=True):
    """Labels and annotations of the package, as its Kptfile has them."""

    labels: dict[str, str] = field(default_factory=dict)
    """Labels in the Kptfile."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Annotations in the Kptfile."""


class PackageRevisionSpec(Wire, frozen=True, kw_only=True):
    """What is wanted of the revision."""

    package_name: Annotated[str, _SHORT]
    """Path of the package below the registered directory, such as net/vpc. Immutable."""
    repository: Annotated[str, _SHORT]
    """Name of the Repository in the same namespace. Immutable."""
    workspace_name: Annotated[str, _SHORT]
    """Name of the line of work, unique for the package; part of the object's name. Immutable."""
    lifecycle: Annotated[Lifecycle, Meta(extra_json_schema={"default": DEFAULT})]
    """The state that is wanted; it may be ahead of `status.lifecycle`, the state reached."""
    source: Source | None = None
    """Where the first content comes from; absent when the files are given directly. Immutable."""
    readiness_gates: list[ReadinessGate] = field(default_factory=list)
    """Conditions that must be True before people should propose the revision."""
    package_metadata: PackageMetadata | None = None
    """Labels and annotations of the package."""


class GitLock(Wire, frozen=True, kw_only=True):
    """A place in a git repository at one commit."""

    repo: str = ""
    """URL of the repository."""
    directory: str = ""
    """Directory of the package in the repository."""
    ref: str = ""
    """Branch or tag."""
    commit: str = ""
    """Id of the commit."""


class Locator(Wire, frozen=True, kw_only=True):
    """Where exactly a revision can be fetched from."""

    type: str = ""
    """git."""
    git: GitLock | None = None
    """The place, when the type is git."""


class PackageCondition(Wire, frozen=True, kw_only=True):
    """A condition of the package itself, as its Kptfile has it."""

    type: str
    """Which aspect."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: str = ""
    """Why, for machines."""
    message: str = ""
    """Why, for people."""


class Taken(StrEnum):
    """Whose version a merge took."""

    LOCAL = "local"
    UPDATED = "updated"


class MergeConflict(Wire, frozen=True, kw_only=True):
    """Something that the package and its upstream changed differently."""

    path: str
    """The file, or the directory of a sub-package."""
    resource: str = ""
    """The resource in the file: kind, namespace and name; absent for what is no resource."""
    field: str = ""
    """The field of the resource; absent when it is about the whole of it."""
    taken: Taken
    """Whose version is in the draft: local, the package's; or updated, the new upstream's."""


class MergeStatus(Wire, frozen=True, kw_only=True):
    """What the merge of an upgrade had to decide."""

    total: int
    """Number of all conflicts."""
    conflicts: list[MergeConflict] = field(default_factory=list)
    """The first of the conflicts, in so far as they fit."""


class CreationSource(StrEnum):
    """How the first content came to be."""

    INIT = "init"
    CLONE = "clone"
    COPY = "copy"
    UPGRADE = "upgrade"


class RenderPhase(StrEnum):
    """How a render ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class RenderedFunction(Wire, frozen=True, kw_only=True):
    """One function that ran."""

    image: str
    """Image of the function."""
    exit_code: int = 0
    """Exit code of the function; 0 is success."""
    milliseconds: int = 0
    """How long it ran."""


class RenderRecord(Wire, frozen=True, kw_only=True):
    """What was rendered from what."""

    output_digest: Annotated[str, _DIGEST]
    """Digest of the content that was kept: the rendered one, or the input when rendering failed."""
    phase: RenderPhase
    """How it ended."""
    input_digest: Annotated[str, _DIGEST] = ""
    """Digest of the content that was rendered; left out once it is published."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Ids of the git blobs, before rendering, of the files that rendering changed, by path."""
    generated: list[str] = field(default_factory=list)
    """Paths of the files that rendering added."""
    truncated: bool = False
    """`inputs` and `generated` were too many to keep; the same input will be rendered again."""
    functions: list[RenderedFunction] = field(default_factory=list)
    """The functions that ran, in order."""
    results: list[FunctionResult] = field(default_factory=list)
    """What the functions had to say, in so far as it fits."""
    error: str = ""
    """Why rendering failed: function, file, line and the end of standard error."""
    finished_at: datetime | None = None
    """When rendering ended."""
    resources_generation: int = 0
    """The last `metadata.generation` of the PackageRevisionResources that this record covers: an
    edit is rendered when this is not below the generation that the edit's write answered."""


class PushedState(Wire, frozen=True, kw_only=True):
    """A content and a lifecycle that a branch may have been given."""

    digest: Annotated[str, _DIGEST]
    """Digest of the content."""
    lifecycle: Lifecycle
    """Draft or Proposed."""


class GitStatus(Wire, frozen=True, kw_only=True):
    """What git is known to hold of the revision while it is a draft or a proposal."""

    branch: str = ""
    """Branch that holds it, such as drafts/net/vpc/v1."""
    commit: str = ""
    """The commit that we left the branch at."""
    pushed_digest: Annotated[str, _DIGEST] = ""
    """Digest of the content in that commit."""
    lifecycle: Lifecycle | None = None
    """What the branch says: Draft or Proposed."""
    diverged_digest: Annotated[str, _DIGEST] = ""
    """Digest of the content that somebody else gave the branch while it held unpushed edits."""
    unconfirmed: list[PushedState] = field(default_factory=list)
    """The last states of ours that a push may have left on the branch unheard of, oldest first."""


# One pen writes the status, so its parts are owned as wholes: field by field they would make up
# a third of each object, and there are thousands.
_WHOLE = Meta(extra_json_schema={"x-kubernetes-map-type": "atomic"})
_WHOLE_LIST = Meta(extra_json_schema={"x-kubernetes-list-type": "atomic"})


class PackageRevisionStatus(Wire, frozen=True, kw_only=True):
    """What was established about the revision. Written by the operator only."""

    observed_generation: int = 0
    """The `metadata.generation` that this status is about."""
    lifecycle: Lifecycle | None = None
    """The state that was reached."""
    revision: int = 0
    """Number of the published revision, from 1; -1 for a branch or for a tag without a number;
    absent before publication."""
    content_digest: Annotated[str, _DIGEST] = ""
    """Digest of the complete content: the id of its git tree."""
    upstream_lock: Annotated[Locator | None, _WHOLE] = None
    """The upstream of the package, as its Kptfile has it."""
    self_lock: Annotated[Locator | None, _WHOLE] = None
    """Where this revision can be fetched from."""
    published_by: str = ""
    """Who published the revision."""
    published_at: datetime | None = None
    """When the revision was published."""
    deployment: bool = False
    """The Repository is one of those with `spec.deployment`."""
    creation_source: CreationSource | None = None
    """How the first content came to be."""
    package_conditions: list[PackageCondition] = field(default_factory=list)
    """Conditions of the package itself, as its Kptfile has them; without its Rendered where the
    condition Rendered of this revision tells it, unless that is a readiness gate."""
    package_metadata_digest: str = ""
    """Digest of `spec.packageMetadata` and `spec.readinessGates` as the Kptfile had them last."""
    render: Annotated[RenderRecord | None, _WHOLE] = None
    """The last render."""
    git: Annotated[GitStatus | None, _WHOLE] = None
    """What git is known to hold of a draft or a proposal."""
    merge: Annotated[MergeStatus | None, _WHOLE] = None
    """Conflicts of the upgrade that the draft began with; absent when there were none."""
    conditions: Annotated[list[Condition], _WHOLE_LIST] = field(default_factory=list)
    """State of the revision as Kubernetes' tools understand it."""


class PackageRevision(Wire, frozen=True, kw_only=True):
    """One revision of one package, from its first draft to its removal."""

    KIND: ClassVar[Kind] = Kind(
        group=PORCH_GROUP,
        version="v1alpha2",
        kind="PackageRevision",
        plural="packagerevisions",
        singular="packagerevision",
        has_status=True,
        short_names=("rpkg",),
    )

    metadata: ObjectMeta
    spec: PackageRevisionSpec
    """What is wanted of the revision."""
    status: PackageRevisionStatus = field(default_factory=PackageRevisionStatus)
    """What was established about the revision."""
