"""Types of conditions, the reasons that are named in code, and reading and writing of conditions.

Pure. Reasons are part of the API and stay as they are; those of errors are at their classes, and
`conditiontable` explains all of them. `Ready` is for people and for `kubectl wait`; `Reconciling`
and `Stalled` are there while they are True, as kstatus asks, and go afterwards.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from porch.api.meta import Condition, ConditionStatus


class ConditionType(StrEnum):
    """The aspects that conditions are about."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    RENDERED = "Rendered"
    DRAFT_DIVERGED = "DraftDiverged"
    INLINE = "Inline"
    KPTFILE_BROKEN = "KptfileBroken"
    MERGE_CONFLICTS = "MergeConflicts"
    GATES_MET = "ReadinessGatesMet"


class Reason(StrEnum):
    """Why a condition has its status."""

    READY = "Ready"
    PENDING = "Pending"
    RENDERED = "Rendered"
    RENDER_FAILED = "RenderFailed"
    FAILED = "Failed"
    INVALID = "Invalid"
    TRANSIENT = "Transient"
    CONFLICT = "Conflict"
    WAITING = "Waiting"
    WAITING_FOR_CONTENT = "WaitingForContent"
    WAITING_FOR_SOURCE = "WaitingForSource"
    WAITING_FOR_REPOSITORY = "WaitingForRepository"
    REPOSITORY_NOT_FOUND = "RepositoryNotFound"
    REPOSITORY_UNREACHABLE = "RepositoryUnreachable"
    REPOSITORY_INVALID = "RepositoryInvalid"
    ACCESS_DENIED = "AccessDenied"
    PUSH_REFUSED = "PushRefused"
    ALREADY_EXISTS = "AlreadyExists"
    NAME_INVALID = "NameInvalid"
    SOURCE_INVALID = "SourceInvalid"
    BAD_KPTFILE = "BadKptfile"
    CONTENT_CHANGED = "ContentChanged"
    CONTENT_MISSING = "ContentMissing"
    CONTENT_TOO_LARGE = "ContentTooLarge"
    DRAFT_CHANGED = "DraftChanged"
    DRAFT_MOVED = "DraftMoved"
    NOT_INLINE = "NotInline"
    MERGE_CONFLICTS = "MergeConflicts"
    GATES_MET = "ReadinessGatesMet"
    GATES_UNMET = "ReadinessGatesUnmet"
    FOREIGN_INSTALLATION = "ForeignInstallation"


def find(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """The condition of that type."""
    return next((each for each in conditions if each.type == type_), None)


class Verdict(NamedTuple):
    """What is found of one aspect now."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str


def settle(
    before: Iterable[Condition], found: Iterable[Verdict], *, generation: int, now: datetime
) -> list[Condition]:
    """The conditions to write: the time of the last transition moves only with the status."""
    known = {each.type: each for each in before}
    return [
        Condition(
            type=each.type,
            status=each.status,
            reason=each.reason,
            message=each.message,
            last_transition_time=_since(known.get(each.type), each.status, now),
            observed_generation=generation,
        )
        for each in found
    ]


def _since(before: Condition | None, status: ConditionStatus, now: datetime) -> datetime:
    kept = before is not None and before.status is status
    return before.last_transition_time if before is not None and kept else now
