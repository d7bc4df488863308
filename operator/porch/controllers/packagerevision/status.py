"""The `status` of a PackageRevision, made from what is seen. Pure."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from porch.api import conditions as table
from porch.api.conditions import ConditionType, Reason, Verdict
from porch.api.lifecycle import Lifecycle
from porch.api.meta import Condition, ConditionStatus
from porch.api.packagerevision import (
    CreationSource,
    GitLock,
    GitStatus,
    Locator,
    PackageCondition,
    PackageRevisionStatus,
    PushedState,
    RenderedFunction,
    RenderPhase,
    RenderRecord,
)
from porch.engine import record, sources
from porch.engine.seen import Fact, Halt, Publication, Seen

MAX_ERROR = 1024  # characters of an error kept in `status.render`


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
        package_conditions=list(shown.conditions),
        creation_source=_creation(seen.wish.source),
        deployment=before.deployment,
        git=_git(fact) if not final else None,
        render=_render_of(fact),
    )
    if fact.publication is not None:
        status = _published(status, fact.publication)
    return status


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
    lock = known.lock
    return msgspec.structs.replace(
        status,
        revision=known.revision,
        self_lock=Locator(
            type="git",
            git=GitLock(repo=lock.repo, directory=lock.directory, ref=lock.ref, commit=lock.commit),
        ),
        published_by=known.published_by,
        published_at=known.published_at,
    )


def conditions_of(
    seen: Seen,
    before: PackageRevisionStatus,
    *,
    generation: int,
    now: datetime,
    kptfile: KptfileView | None,
) -> list[Condition]:
    """Ready; Rendered once it is known; and Reconciling, Stalled and the rest while they hold."""
    verdicts = [_ready(seen), *_progress(seen), *_rendered(seen), *_diverged(seen)]
    verdicts += _broken(seen, before, kptfile)
    return table.settle(before.conditions, verdicts, generation=generation, now=now)


def _ready(seen: Seen) -> Verdict:
    if seen.halt is not None:
        return _verdict(ConditionType.READY, ConditionStatus.FALSE, seen.halt)
    if seen.fact.lifecycle is not seen.wish.lifecycle:
        halt = Halt(Reason.PENDING, f"on the way to {seen.wish.lifecycle}", stalled=False)
        return _verdict(ConditionType.READY, ConditionStatus.FALSE, halt)
    failed = _failed_render(seen)
    if failed is not None:
        return _verdict(ConditionType.READY, ConditionStatus.FALSE, failed)
    return Verdict(ConditionType.READY, ConditionStatus.TRUE, Reason.READY, _ready_words(seen))


def _ready_words(seen: Seen) -> str:
    if seen.fact.publication is not None and seen.fact.publication.revision > 0:
        return f"{seen.wish.lifecycle} as revision {seen.fact.publication.revision}"
    return f"{seen.wish.lifecycle}"


def _progress(seen: Seen) -> list[Verdict]:
    halt = seen.halt or _failed_render(seen)
    if halt is None:
        return []
    type_ = ConditionType.STALLED if halt.stalled else ConditionType.RECONCILING
    return [_verdict(type_, ConditionStatus.TRUE, halt)]


def _rendered(seen: Seen) -> list[Verdict]:
    known = seen.fact.record
    if known is None:
        return []
    if known.succeeded:
        is_short = (
            seen.fact.publication is not None
        )  # the record of a publication, see `_render_of`
        words = "before it was published" if is_short else f"{len(known.functions)} functions ran"
        return [Verdict(ConditionType.RENDERED, ConditionStatus.TRUE, Reason.RENDERED, words)]
    words = _clip(known.error)
    return [Verdict(ConditionType.RENDERED, ConditionStatus.FALSE, Reason.RENDER_FAILED, words)]


def _diverged(seen: Seen) -> list[Verdict]:
    if seen.fact.diverged is None:
        return []
    words = (
        f"the branch of the draft has content {seen.fact.diverged}, ours is {seen.fact.digest}; "
        "both are kept"
    )
    return [Verdict(ConditionType.DRAFT_DIVERGED, ConditionStatus.TRUE, Reason.DRAFT_MOVED, words)]


def _broken(
    seen: Seen, before: PackageRevisionStatus, kptfile: KptfileView | None
) -> list[Verdict]:
    """The Kptfile of what is published; that of a draft is told of by its render."""
    if seen.fact.lifecycle is None or not seen.fact.lifecycle.is_published:
        return []
    type_ = ConditionType.KPTFILE_BROKEN
    known = table.find(before.conditions, type_)
    problem = kptfile.problem if kptfile is not None else known.message if known else ""
    if not problem:
        return []
    return [Verdict(type_, ConditionStatus.TRUE, Reason.BAD_KPTFILE, _clip(problem))]


def _failed_render(seen: Seen) -> Halt | None:
    known = seen.fact.record
    if known is None or known.succeeded or seen.fact.lifecycle is not Lifecycle.DRAFT:
        return None
    return Halt(Reason.RENDER_FAILED, _clip(known.error), stalled=True)


def _verdict(type_: ConditionType, status: ConditionStatus, halt: Halt) -> Verdict:
    return Verdict(type_, status, halt.reason, halt.message)


def _render_of(fact: Fact) -> RenderRecord | None:
    """The record on the wire; a published revision keeps no more than proves its content."""
    known = fact.record
    if known is None:
        return None
    if fact.lifecycle is not None and fact.lifecycle.is_published:
        return RenderRecord(
            input_digest=known.input, output_digest=known.output, phase=_phase(known)
        )
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
        error=_clip(known.error),
        finished_at=known.finished_at,
        resources_generation=known.resources_generation,
    )


def _phase(known: record.RenderRecord) -> RenderPhase:
    return RenderPhase.SUCCEEDED if known.succeeded else RenderPhase.FAILED


def _creation(source: sources.Source | None) -> CreationSource | None:
    match source:
        case sources.Init():
            return CreationSource.INIT
        case sources.CopyFrom():
            return CreationSource.COPY
        case _:
            return None


def _clip(text: str) -> str:
    return text if len(text) <= MAX_ERROR else text[: MAX_ERROR - 1] + "…"
