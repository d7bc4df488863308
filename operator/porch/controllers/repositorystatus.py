"""The `status` of a Repository, made from a listing or from why there is none. Pure."""

from collections.abc import Iterable
from datetime import datetime

from porch.api import conditions as table
from porch.api.conditions import ConditionType, Reason, Verdict
from porch.api.meta import Condition, ConditionStatus
from porch.api.repository import (
    Repository,
    RepositoryCapabilities,
    RepositoryStatus,
    RepositoryWarning,
)
from porch.controllers.schedules import ScheduleInvalid, Sync
from porch.errors import Disposition, PorchError
from porch.storage.adapter import Snapshot, Warned

MAX_WARNINGS = 20  # shown; the rest is counted


def listed(
    obj: Repository, snapshot: Snapshot, warnings: Iterable[Warned], sync: Sync, *, now: datetime
) -> RepositoryStatus:
    """The repository was listed completely; `warnings` are of what was left out."""
    ready = Verdict(ConditionType.READY, ConditionStatus.TRUE, Reason.READY, "Repository Ready")
    before = obj.status
    return RepositoryStatus(
        observed_generation=obj.metadata.generation,
        observed_run_once_at=sync.run_once or before.observed_run_once_at,
        last_full_sync_time=_sync_time(before, snapshot, sync),
        next_full_sync_time=sync.next_at,
        package_count=len(snapshot.revisions),
        git_commit_hash=snapshot.head,
        capabilities=RepositoryCapabilities(atomic_push=snapshot.atomic),
        warnings=[*_problems(sync), *_skipped(list(warnings))],
        conditions=_conditions(obj, [ready], now),
    )


def failed(obj: Repository, err: PorchError, *, now: datetime) -> RepositoryStatus:
    """The repository could not be listed; what was known of it stays."""
    stalled = err.disposition is Disposition.STALL
    type_ = ConditionType.STALLED if stalled else ConditionType.RECONCILING
    before = obj.status
    return RepositoryStatus(
        observed_generation=obj.metadata.generation,
        observed_run_once_at=before.observed_run_once_at,
        last_full_sync_time=before.last_full_sync_time,
        next_full_sync_time=before.next_full_sync_time,
        package_count=before.package_count,
        git_commit_hash=before.git_commit_hash,
        capabilities=before.capabilities,
        warnings=before.warnings,
        conditions=_conditions(
            obj,
            [
                Verdict(ConditionType.READY, ConditionStatus.FALSE, err.reason, str(err)),
                Verdict(type_, ConditionStatus.TRUE, err.reason, str(err)),
            ],
            now,
        ),
    )


def is_ready(status: RepositoryStatus) -> bool:
    """The last listing that was told of succeeded."""
    ready = table.find(status.conditions, ConditionType.READY)
    return ready is not None and ready.status is ConditionStatus.TRUE


def _sync_time(before: RepositoryStatus, snapshot: Snapshot, sync: Sync) -> datetime:
    """A poll that finds nothing new writes nothing."""
    unchanged = before.git_commit_hash == snapshot.head and before.package_count == len(
        snapshot.revisions
    )
    if before.last_full_sync_time is not None and unchanged and not sync.is_due:
        return before.last_full_sync_time
    return snapshot.taken_at.replace(microsecond=0)


def _problems(sync: Sync) -> list[RepositoryWarning]:
    if not sync.problem:
        return []
    reason = ScheduleInvalid.reason
    return [RepositoryWarning(subject="spec.sync.schedule", reason=reason, message=sync.problem)]


def _skipped(warnings: list[Warned]) -> list[RepositoryWarning]:
    shown = [
        RepositoryWarning(subject=each.where, reason="Skipped", message=each.why)
        for each in warnings[:MAX_WARNINGS]
    ]
    more = len(warnings) - MAX_WARNINGS
    if more > 0:
        words = f"{more} more; they show when some of these are mended"
        shown.append(RepositoryWarning(subject="…", reason="Skipped", message=words))
    return shown


def _conditions(obj: Repository, verdicts: list[Verdict], now: datetime) -> list[Condition]:
    return table.settle(
        obj.status.conditions, verdicts, generation=obj.metadata.generation, now=now
    )
