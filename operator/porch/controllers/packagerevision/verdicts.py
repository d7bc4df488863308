"""The conditions of a PackageRevision, made from what is seen. Pure."""

from collections.abc import Iterable
from datetime import datetime

from porch.api import conditions as table
from porch.api.conditions import ConditionType, Reason, Verdict
from porch.api.lifecycle import Lifecycle
from porch.api.meta import Condition, ConditionStatus
from porch.api.packagerevision import PackageCondition
from porch.engine.seen import Halt, Seen

MAX_TEXT = 1024  # characters of a text kept in `status`


def conditions_of(
    seen: Seen,
    before: Iterable[Condition],
    *,
    package: Iterable[PackageCondition],
    problem: str | None,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Ready, and what else there is to say.

    `package` are the conditions of the Kptfile, `problem` says why that cannot be read: "" when it
    can, None when nobody looked. Rendered is there once it is known, ReadinessGatesMet with gates,
    and all others while they hold.
    """
    before = list(before)
    verdicts = [
        _ready(seen),
        *_progress(seen),
        *_rendered(seen),
        *_diverged(seen),
        *_conflicts(seen),
        *_gates(seen, package),
        *_broken(seen, before, problem),
    ]
    return table.settle(before, verdicts, generation=generation, now=now)


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
        is_short = seen.fact.publication is not None  # the record of a publication
        words = "before it was published" if is_short else known.what_ran
        return [Verdict(ConditionType.RENDERED, ConditionStatus.TRUE, Reason.RENDERED, words)]
    words = clip(known.error)
    return [Verdict(ConditionType.RENDERED, ConditionStatus.FALSE, Reason.RENDER_FAILED, words)]


def _diverged(seen: Seen) -> list[Verdict]:
    if seen.fact.diverged is None:
        return []
    words = (
        f"the branch of the draft has content {seen.fact.diverged}, ours is {seen.fact.digest}; "
        "both are kept"
    )
    return [Verdict(ConditionType.DRAFT_DIVERGED, ConditionStatus.TRUE, Reason.DRAFT_MOVED, words)]


def _conflicts(seen: Seen) -> list[Verdict]:
    if seen.fact.merge is None:
        return []
    words = clip(str(seen.fact.merge))
    type_, reason = ConditionType.MERGE_CONFLICTS, Reason.MERGE_CONFLICTS
    return [Verdict(type_, ConditionStatus.TRUE, reason, words)]


def _gates(seen: Seen, package: Iterable[PackageCondition]) -> list[Verdict]:
    gates = seen.wish.facts.gates
    if not gates or seen.fact.facts is None:
        return []
    met = {each.type for each in package if each.status is ConditionStatus.TRUE}
    unmet = [each for each in gates if each not in met]
    if not unmet:
        words = "every condition that is a readiness gate is True"
        return [Verdict(ConditionType.GATES_MET, ConditionStatus.TRUE, Reason.GATES_MET, words)]
    words = clip(f"must be True in the Kptfile and is not: {', '.join(unmet)}")
    return [Verdict(ConditionType.GATES_MET, ConditionStatus.FALSE, Reason.GATES_UNMET, words)]


def _broken(seen: Seen, before: Iterable[Condition], problem: str | None) -> list[Verdict]:
    """The Kptfile of what is published; that of a draft is told of by its render."""
    if seen.fact.lifecycle is None or not seen.fact.lifecycle.is_published:
        return []
    type_ = ConditionType.KPTFILE_BROKEN
    known = table.find(before, type_)
    words = problem if problem is not None else known.message if known is not None else ""
    if not words:
        return []
    return [Verdict(type_, ConditionStatus.TRUE, Reason.BAD_KPTFILE, clip(words))]


def _failed_render(seen: Seen) -> Halt | None:
    known = seen.fact.record
    if known is None or known.succeeded or seen.fact.lifecycle is not Lifecycle.DRAFT:
        return None
    return Halt(Reason.RENDER_FAILED, clip(known.error), stalled=True)


def _verdict(type_: ConditionType, status: ConditionStatus, halt: Halt) -> Verdict:
    return Verdict(type_, status, halt.reason, halt.message)


def clip(text: str) -> str:
    """The text, cut where it is longer than is kept."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
