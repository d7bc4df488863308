"""The `status` of a PackageRevision, made from what is seen. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from porch.api.packagerevision import (
    CreationSource,
    GitLock,
    GitStatus,
    Locator,
    MergeConflict,
    MergeStatus,
    PackageCondition,
    PackageRevisionStatus,
    PushedState,
    RenderedFunction,
    RenderPhase,
    RenderRecord,
    Taken,
)
from porch.controllers.packagerevision.verdicts import clip
from porch.engine import record
from porch.engine.seen import Fact, Home, Merge, Publication, Seen
from porch.engine.sharing import open_copy
from porch.kpt.renderstatus import RENDERED
from porch.storage.adapter import Lock


@dataclass(frozen=True, slots=True)
class KptfileView:
    """What a Kptfile says that `status` shows."""

    upstream_lock: Locator | None = None
    conditions: tuple[PackageCondition, ...] = ()
    problem: str = ""  # why it cannot be read


def status_of(
    seen: Seen, before: PackageRevisionStatus, *, generation: int, kptfile: KptfileView | None
) -> PackageRevisionStatus:
    """The status to write; `kptfile` None: the content was not read, keep what was said."""
    fact, final = seen.fact, seen.fact.lifecycle is not None and seen.fact.lifecycle.is_published
    shown = kptfile or KptfileView(before.upstream_lock, tuple(before.package_conditions))
    status = PackageRevisionStatus(
        observed_generation=generation,
        lifecycle=fact.lifecycle,
        content_digest=fact.digest or "",
        upstream_lock=shown.upstream_lock,
        package_conditions=_package_conditions(seen, shown.conditions),
        package_metadata_digest=fact.facts or "",
        self_lock=_lock_of(seen, before),
        creation_source=_creation(seen, before),
        deployment=seen.deployment,
        git=_git(fact) if not final else None,
        merge=_merge(fact.merge),
        render=_render_of(fact),
    )
    if fact.publication is not None:
        status = _published(status, fact.publication)
    return status


def _package_conditions(
    seen: Seen, of_kptfile: Iterable[PackageCondition]
) -> list[PackageCondition]:
    """Those of the Kptfile; what the render said of itself there is told by our own condition."""
    if seen.fact.record is None or RENDERED in seen.wish.facts.gates:
        return list(of_kptfile)
    return [each for each in of_kptfile if each.type != RENDERED]


def _git(fact: Fact) -> GitStatus | None:
    states = [PushedState(digest=x.digest, lifecycle=x.lifecycle) for x in fact.unconfirmed]
    status = GitStatus(diverged_digest=fact.diverged or "", unconfirmed=states)
    if fact.pushed is not None:
        status = msgspec.structs.replace(
            status,
            branch=fact.pushed.branch,
            commit=fact.pushed.commit,
            pushed_digest=fact.pushed.digest,
            lifecycle=fact.pushed.lifecycle,
        )
    return status if status != GitStatus() else None


def _published(status: PackageRevisionStatus, known: Publication) -> PackageRevisionStatus:
    return msgspec.structs.replace(
        status,
        revision=known.revision,
        self_lock=_locator(known.lock),
        published_by=known.published_by,
        published_at=known.published_at,
    )


def _lock_of(seen: Seen, before: PackageRevisionStatus) -> Locator | None:
    """Where a draft can be fetched from, as long as git has it."""
    if seen.home is not Home.LISTED:
        return before.self_lock
    theirs = open_copy(seen)
    return _locator(theirs.lock) if theirs is not None else None


def _locator(lock: Lock) -> Locator:
    git = GitLock(repo=lock.repo, directory=lock.directory, ref=lock.ref, commit=lock.commit)
    return Locator(type="git", git=git)


def _render_of(fact: Fact) -> RenderRecord | None:
    """The record on the wire; a published revision keeps no more than proves its content."""
    known = fact.record
    if known is None:
        return None
    if fact.lifecycle is not None and fact.lifecycle.is_published:
        return RenderRecord(output_digest=known.output, phase=_phase(known))
    return RenderRecord(
        input_digest=known.input,
        output_digest=known.output,
        phase=_phase(known),
        inputs=dict(known.inputs or {}),
        generated=sorted(known.generated) if known.inputs is not None else [],
        truncated=known.inputs is None,
        functions=[
            RenderedFunction(
                image=each.image, exit_code=each.exit_code, milliseconds=each.milliseconds
            )
            for each in known.functions
        ],
        error=clip(known.error),
        finished_at=known.finished_at,
        resources_generation=known.resources_generation,
    )


def _phase(known: record.RenderRecord) -> RenderPhase:
    return RenderPhase.SUCCEEDED if known.succeeded else RenderPhase.FAILED


def _merge(merge: Merge | None) -> MergeStatus | None:
    if merge is None:
        return None
    conflicts = [
        MergeConflict(
            path=each.path, resource=each.resource, field=each.field, taken=Taken(each.taken)
        )
        for each in merge.conflicts
    ]
    return MergeStatus(total=merge.total, conflicts=conflicts)


_CREATIONS = {
    "init": CreationSource.INIT,
    "clone": CreationSource.CLONE,
    "edit": CreationSource.COPY,
    "upgrade": CreationSource.UPGRADE,
}


def _creation(seen: Seen, before: PackageRevisionStatus) -> CreationSource | None:
    """By the source, or by what the first commit of a discovered revision records."""
    if seen.wish.source is not None:
        return _CREATIONS[seen.wish.source.task.type]
    task = seen.stored.task if seen.stored is not None else None
    if task is None or task.type not in _CREATIONS or not task.body:
        return before.creation_source
    return _CREATIONS[task.type]
