"""Where the first content of a draft comes from.

Pure values. A source is applied once; the marker is the draft's existence, not a status field.
"""

from dataclasses import dataclass

from porch.api import packagerevision as wire
from porch.storage.adapter import Task
from porch.storage.urls import without_user


@dataclass(frozen=True, slots=True)
class Init:
    """A new, empty package."""

    description: str
    keywords: tuple[str, ...] = ()
    site: str = ""
    subpackage: str = ""  # directory of a second package inside; "" for none

    @property
    def task(self) -> Task:
        """As commits record it; empty members are left out."""
        body: dict[str, object] = {}
        if self.subpackage:
            body["subpackage"] = self.subpackage
        if self.description:
            body["description"] = self.description
        if self.keywords:
            body["keywords"] = list(self.keywords)
        if self.site:
            body["site"] = self.site
        return Task("init", body)


@dataclass(frozen=True, slots=True)
class CloneRevision:
    """A new package with a revision that is registered as its upstream."""

    name: str

    @property
    def task(self) -> Task:
        """As commits record it."""
        return Task("clone", {"upstreamRef": {"upstreamRef": {"name": self.name}}})


@dataclass(frozen=True, slots=True)
class GitPlace:
    """A package in a git repository that need not be registered."""

    repo: str  # URL as given; it may hold a password
    ref: str  # branch, tag or commit
    directory: str  # without slashes at its ends; "" is the whole repository
    secret: str = ""  # Secret with the credentials; "" for none

    def __str__(self) -> str:
        where = f"directory {self.directory!r} of " if self.directory else ""
        return f"{where}{without_user(self.repo)} at {self.ref!r}"


@dataclass(frozen=True, slots=True)
class CloneGit:
    """A new package with a place in a git repository as its upstream."""

    place: GitPlace

    @property
    def task(self) -> Task:
        """As commits record it; never with a password."""
        git = {
            "repo": without_user(self.place.repo),
            "ref": self.place.ref,
            "directory": self.place.directory,
            "secretRef": {"name": self.place.secret},
        }
        return Task("clone", {"upstreamRef": {"type": "git", "git": git}})


@dataclass(frozen=True, slots=True)
class CopyFrom:
    """The content of another, published revision of the same package."""

    name: str

    @property
    def task(self) -> Task:
        """As commits record it."""
        return Task("edit", {"sourceRef": {"name": self.name}})


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A published revision of the same package, with what its upstream changed since."""

    old_upstream: str
    new_upstream: str
    current: str
    strategy: wire.UpgradeStrategy | None = None  # None: resource-merge

    @property
    def task(self) -> Task:
        """As commits record it; a strategy that was not given is left out."""
        body: dict[str, object] = {
            "oldUpstreamRef": {"name": self.old_upstream},
            "newUpstreamRef": {"name": self.new_upstream},
            "localPackageRevisionRef": {"name": self.current},
        }
        if self.strategy is not None:
            body["strategy"] = self.strategy.value
        return Task("upgrade", body)


Source = Init | CloneRevision | CloneGit | CopyFrom | Upgrade

HAND_MADE = Task("edit")  # of a draft whose first content the user wrote
RENDER = Task("render")


def first_task(source: Source | None) -> Task:
    """The task that a revision's first commit records."""
    return HAND_MADE if source is None else source.task


def parse(spec: wire.Source) -> Source | None:
    """A source from its wire form; None for one without a member, which the CRD does not let in."""
    if spec.init is not None:
        return _init(spec.init)
    if spec.clone_from is not None:
        return _clone(spec.clone_from)
    if spec.copy_from is not None:
        return CopyFrom(spec.copy_from.name)
    if spec.upgrade is not None:
        return _upgrade(spec.upgrade)
    return None


def _init(spec: wire.InitSource) -> Init:
    return Init(
        description=spec.description,
        keywords=tuple(spec.keywords),
        site=spec.site,
        subpackage=spec.subpackage.strip("/"),
    )


def _clone(spec: wire.CloneSource) -> CloneRevision | CloneGit | None:
    if spec.upstream_ref is not None:
        return CloneRevision(spec.upstream_ref.name)
    if spec.git is None:
        return None
    secret = spec.git.secret_ref.name if spec.git.secret_ref is not None else ""
    return CloneGit(GitPlace(spec.git.repo, spec.git.ref, spec.git.directory.strip("/"), secret))


def _upgrade(spec: wire.UpgradeSource) -> Upgrade:
    return Upgrade(
        old_upstream=spec.old_upstream.name,
        new_upstream=spec.new_upstream.name,
        current=spec.current_package.name,
        strategy=spec.strategy,
    )


def named_revisions(spec: wire.Source | None) -> tuple[str, ...]:
    """The revisions that a source waits for, by the names of their objects."""
    match parse(spec) if spec is not None else None:
        case CloneRevision(name) | CopyFrom(name):
            return (name,)
        case Upgrade(old, new, current):
            return (old, new, current)
        case _:
            return ()
