"""Repository: a git repository, or a registry, that holds packages.

Pure wire model of `repositories.config.porch.kpt.dev/v1alpha1`. `spec.inline` is ours: the policy
of what is kept inline could not be a member of `spec.content`, which is an old text field.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from porch.api.meta import Conditions, Kind, NameReference, ObjectMeta, Wire
from porch.api.wellknown import CONFIG_GROUP

_NAME = Meta(extra_json_schema={"minLength": 1})


class RepositoryType(StrEnum):
    """What the packages are stored in."""

    GIT = "git"
    OCI = "oci"


class Inline(StrEnum):
    """Which revisions have their files in their PackageRevisionResources: All, as far as the
    budget of the repository goes; Drafts, the unpublished ones; or None, which is the same while
    drafts are edited in their objects."""

    ALL = "All"
    DRAFTS = "Drafts"
    NONE = "None"


class RepositorySync(Wire, frozen=True, kw_only=True):
    """When the repository is listed in full; changes in git are noticed by polling anyway."""

    schedule: str = ""
    """When to look at every revision again, whether git changed or not: five fields of cron,
    @hourly, @daily or `@every 90m`; in UTC, or after `TZ=Europe/Paris`. Absent: once an hour."""
    run_once_at: datetime | None = None
    """When to do so once more; cleared afterwards."""


class GitRepository(Wire, frozen=True, kw_only=True):
    """A branch and a directory of a git repository."""

    repo: Annotated[str, _NAME]
    """URL of the git repository. Immutable."""
    branch: Annotated[str, Meta(extra_json_schema={"minLength": 1, "default": "main"})] = "main"
    """Branch that published packages are merged into. Immutable."""
    create_branch: bool = False
    """Create the branch when it does not exist."""
    directory: str = ""
    """Directory that the packages are in; the whole repository when absent. Immutable."""
    secret_ref: NameReference | None = None
    """Secret in the same namespace with `username` and `password`, or `bearerToken`, or
    `ssh-privatekey` and `known_hosts`, or `githubAppID`, `githubAppInstallationID` and
    `githubAppPrivateKey`; and perhaps `ca.crt`."""
    author: str = ""
    """Name of the author of commits, instead of the user's."""
    email: str = ""
    """E-mail address of the author of commits, instead of the user's."""


class OciRepository(Wire, frozen=True, kw_only=True):
    """A registry of OCI artefacts."""

    registry: Annotated[str, _NAME]
    """Address of the registry. Immutable."""
    secret_ref: NameReference | None = None
    """Secret in the same namespace with the credentials."""


class RepositorySpec(Wire, frozen=True, kw_only=True):
    """Where the packages are, and how they are treated."""

    description: str = ""
    """What the repository is for."""
    deployment: bool = False
    """The packages are ready to be deployed: clones get a package context of their own."""
    type: RepositoryType
    """git or oci. Immutable."""
    content: Annotated[
        str, Meta(extra_json_schema={"enum": ["", "Package"], "default": "Package"})
    ] = ""
    """Deprecated; Package."""
    inline: Annotated[Inline, Meta(extra_json_schema={"default": Inline.ALL})] = Inline.ALL
    """Which revisions have their files in their PackageRevisionResources: All, newest first as far
    as the budget of the repository goes; Drafts, the unpublished ones; or None, which is the same
    while drafts are edited in their objects. The files of the others are in git, and the
    condition `Inline` of their PackageRevisionResources says where."""
    sync: RepositorySync | None = None
    """When the repository is listed in full; changes in git are noticed by polling anyway."""
    git: GitRepository | None = None
    """The place, when the type is git."""
    oci: OciRepository | None = None
    """The place, when the type is oci."""


class RepositoryWarning(Wire, frozen=True, kw_only=True):
    """Something in the repository that was skipped."""

    subject: str
    """What was skipped: a ref or a directory."""
    reason: str
    """Why, in CamelCase; see the reference of conditions."""
    message: str = ""
    """Why, for people, and what to do."""


class RepositoryCapabilities(Wire, frozen=True, kw_only=True):
    """What the server of the repository can do."""

    atomic_push: bool
    """Several refs change together or not at all."""


class RepositoryStatus(Wire, frozen=True, kw_only=True):
    """What is known of the repository. Written by the operator only."""

    observed_generation: int = 0
    """The `metadata.generation` that this status is about."""
    observed_run_once_at: datetime | None = None
    """The last `spec.sync.runOnceAt` that was acted on."""
    last_full_sync_time: datetime | None = None
    """The last full listing, or the last one that found something new."""
    next_full_sync_time: datetime | None = None
    """When the next full listing is due."""
    package_count: int = 0
    """Number of package revisions found by the last listing."""
    git_commit_hash: str = ""
    """Commit of the registered branch at the last listing."""
    capabilities: RepositoryCapabilities | None = None
    """What the server of the repository can do; absent before it was asked."""
    warnings: list[RepositoryWarning] = field(default_factory=list)
    """What the last listing skipped, in so far as it fits."""
    conditions: Conditions = field(default_factory=list)
    """State of the repository as Kubernetes' tools understand it."""


class Repository(Wire, frozen=True, kw_only=True):
    """A git repository, or a registry, that holds packages."""

    KIND: ClassVar[Kind] = Kind(
        group=CONFIG_GROUP,
        version="v1alpha1",
        kind="Repository",
        plural="repositories",
        singular="repository",
        has_status=True,
        short_names=("repo",),
    )

    metadata: ObjectMeta
    spec: RepositorySpec
    """Where the packages are, and how they are treated."""
    status: RepositoryStatus = field(default_factory=RepositoryStatus)
    """What is known of the repository."""
