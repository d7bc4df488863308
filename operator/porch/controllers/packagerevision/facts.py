"""PackageRevision objects as the engine's values: what is wished, what was established.

Pure. Tolerant: what cannot be read counts as not there.
"""

from porch.api.lifecycle import Lifecycle
from porch.api.packagerevision import (
    GitStatus,
    Locator,
    MergeStatus,
    PackageMetadata,
    PackageRevision,
    PackageRevisionSpec,
    PackageRevisionStatus,
    RenderPhase,
)
from porch.api.packagerevision import RenderRecord as WireRecord
from porch.api.wellknown import PACKAGE_REVISION_FINALIZER
from porch.engine import sources
from porch.engine.packagefacts import PackageFacts
from porch.engine.record import FunctionRun, RenderRecord
from porch.engine.seen import Fact, Key, Merge, MergeConflict, Publication, Pushed, Wish
from porch.kpt.content import BlobId, Digest
from porch.storage.adapter import Lock, RevisionId


def key_of(obj: PackageRevision) -> Key:
    """The key of an object."""
    return Key(obj.metadata.namespace, obj.metadata.name)


def wish_of(obj: PackageRevision) -> Wish:
    """What the user wants."""
    source = obj.spec.source
    return Wish(
        id=RevisionId(obj.spec.package_name, obj.spec.workspace_name),
        repository=obj.spec.repository,
        lifecycle=obj.spec.lifecycle,
        source=sources.parse(source) if source is not None else None,
        deleting=obj.metadata.deletion_timestamp is not None,
        finalizer=PACKAGE_REVISION_FINALIZER in obj.metadata.finalizers,
        generation=obj.metadata.generation,
        facts=_facts(obj.spec),
    )


def fact_of(status: PackageRevisionStatus) -> Fact:
    """What was established."""
    return Fact(
        lifecycle=status.lifecycle,
        digest=Digest(status.content_digest) if status.content_digest else None,
        record=_record(status.render) if status.render is not None else None,
        pushed=_pushed(status.git),
        publication=_publication(status),
        unconfirmed=_unconfirmed(status.git),
        facts=status.package_metadata_digest or None,
        merge=_merge(status.merge),
    )


def _facts(spec: PackageRevisionSpec) -> PackageFacts:
    metadata = spec.package_metadata or PackageMetadata()
    gates = tuple(each.condition_type for each in spec.readiness_gates)
    return PackageFacts(metadata.labels, metadata.annotations, gates)


def _merge(wire: MergeStatus | None) -> Merge | None:
    if wire is None:
        return None
    conflicts = tuple(
        MergeConflict(each.path, each.resource, each.field, each.taken) for each in wire.conflicts
    )
    return Merge(wire.total, conflicts)


def _record(wire: WireRecord) -> RenderRecord:
    inputs = {path: BlobId(blob) for path, blob in wire.inputs.items()}
    return RenderRecord(
        input=Digest(wire.input_digest),
        output=Digest(wire.output_digest),
        succeeded=wire.phase is RenderPhase.SUCCEEDED,
        error=wire.error,
        inputs=None if wire.truncated else inputs,
        generated=frozenset(wire.generated),
        functions=tuple(
            FunctionRun(each.image, each.exit_code, each.milliseconds) for each in wire.functions
        ),
        finished_at=wire.finished_at,
        resources_generation=wire.resources_generation,
    )


def _pushed(git: GitStatus | None) -> Pushed | None:
    if git is None or not git.pushed_digest:
        return None
    lifecycle = git.lifecycle or Lifecycle.DRAFT
    return Pushed(Digest(git.pushed_digest), lifecycle, git.branch, git.commit)


def _unconfirmed(git: GitStatus | None) -> tuple[Pushed, ...]:
    if git is None:
        return ()
    return tuple(Pushed(Digest(each.digest), each.lifecycle) for each in git.unconfirmed)


def _publication(status: PackageRevisionStatus) -> Publication | None:
    lock = _lock(status.self_lock)
    if lock is None or status.lifecycle is None or not status.lifecycle.is_published:
        return None
    return Publication(status.revision, lock, status.published_by, status.published_at)


def _lock(locator: Locator | None) -> Lock | None:
    if locator is None or locator.git is None:
        return None
    git = locator.git
    return Lock(git.repo, git.directory, git.ref, git.commit)
