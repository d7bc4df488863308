"""Types and reasons of conditions, in one table; the reference page is made from it.

Pure. Every reason that this project writes into a condition, a warning or an Event is listed here:
reasons are part of the API and stay as they are. `Ready` is for people and for `kubectl wait`,
`Reconciling` and `Stalled` are there while they are True, as kstatus asks, and go afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from porch.api.meta import Condition, ConditionStatus


class ConditionType(StrEnum):
    """The aspects that conditions are about."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    RENDERED = "Rendered"
    DRAFT_DIVERGED = "DraftDiverged"
    INLINE = "Inline"


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
    WAITING_FOR_GIT = "WaitingForGit"
    REPOSITORY_NOT_FOUND = "RepositoryNotFound"
    REPOSITORY_UNREACHABLE = "RepositoryUnreachable"
    REPOSITORY_INVALID = "RepositoryInvalid"
    ACCESS_DENIED = "AccessDenied"
    PUSH_REFUSED = "PushRefused"
    ALREADY_EXISTS = "AlreadyExists"
    NAME_INVALID = "NameInvalid"
    SOURCE_INVALID = "SourceInvalid"
    CONTENT_INVALID = "ContentInvalid"
    CONTENT_CHANGED = "ContentChanged"
    CONTENT_MISSING = "ContentMissing"
    CONTENT_TOO_LARGE = "ContentTooLarge"
    NOT_INLINE = "NotInline"
    INLINE = "Inline"
    DRAFT_CHANGED = "DraftChanged"
    DRAFT_MOVED = "DraftMoved"
    PROGRESSING = "Progressing"
    RECONCILING = "Reconciling"
    ERROR = "Error"
    FOREIGN_INSTALLATION = "ForeignInstallation"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table."""

    kind: str
    type: ConditionType
    status: ConditionStatus
    reasons: tuple[Reason, ...]
    meaning: str


_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_RETRIED = (
    Reason.TRANSIENT,
    Reason.CONFLICT,
    Reason.DRAFT_CHANGED,
    Reason.REPOSITORY_UNREACHABLE,
    Reason.ACCESS_DENIED,
)
_WAITED = (
    Reason.WAITING,
    Reason.WAITING_FOR_CONTENT,
    Reason.CONTENT_MISSING,
    Reason.WAITING_FOR_SOURCE,
    Reason.WAITING_FOR_REPOSITORY,
    Reason.WAITING_FOR_GIT,
    Reason.REPOSITORY_NOT_FOUND,
)
_PERMANENT = (
    Reason.INVALID,
    Reason.FAILED,
    Reason.RENDER_FAILED,
    Reason.NAME_INVALID,
    Reason.SOURCE_INVALID,
    Reason.CONTENT_INVALID,
    Reason.CONTENT_CHANGED,
    Reason.CONTENT_TOO_LARGE,
    Reason.DRAFT_MOVED,
    Reason.ALREADY_EXISTS,
    Reason.PUSH_REFUSED,
    Reason.REPOSITORY_INVALID,
)

_PR, _PRR, _REPO = "PackageRevision", "PackageRevisionResources", "Repository"

TABLE: tuple[Entry, ...] = (
    Entry(
        _PR,
        ConditionType.READY,
        _T,
        (Reason.READY,),
        "The state that is wanted was reached, and the content is rendered.",
    ),
    Entry(
        _PR,
        ConditionType.READY,
        _F,
        (Reason.PENDING, *_WAITED, *_RETRIED, *_PERMANENT, Reason.FOREIGN_INSTALLATION),
        "Not yet, or not at all; `Reconciling` and `Stalled` say which.",
    ),
    Entry(
        _PR,
        ConditionType.RENDERED,
        _T,
        (Reason.RENDERED,),
        "The content is the result of a successful render.",
    ),
    Entry(
        _PR,
        ConditionType.RENDERED,
        _F,
        (Reason.RENDER_FAILED, Reason.FAILED),
        "A function failed, or there is nothing to render; the files are as the user left them.",
    ),
    Entry(
        _PR,
        ConditionType.RENDERED,
        _U,
        (Reason.PENDING,),
        "The content has not been rendered yet.",
    ),
    Entry(
        _PR,
        ConditionType.RECONCILING,
        _T,
        (Reason.PROGRESSING, *_WAITED, *_RETRIED),
        "Work is going on, will be retried by itself, or something else must happen first.",
    ),
    Entry(
        _PR,
        ConditionType.STALLED,
        _T,
        (*_PERMANENT, Reason.FOREIGN_INSTALLATION),
        "Nothing more happens until somebody edits the object, its files or its repository.",
    ),
    Entry(
        _PR,
        ConditionType.DRAFT_DIVERGED,
        _T,
        (Reason.DRAFT_MOVED,),
        "The draft's branch was moved by somebody else while it held unpushed edits; both are "
        "kept, and the message names both digests.",
    ),
    Entry(
        _PRR,
        ConditionType.INLINE,
        _T,
        (Reason.INLINE,),
        "`spec.resources` is the complete text of the content.",
    ),
    Entry(
        _PRR,
        ConditionType.INLINE,
        _F,
        (Reason.NOT_INLINE, Reason.CONTENT_TOO_LARGE),
        "The content is not kept in this object; it is read through the content API.",
    ),
    Entry(
        _REPO,
        ConditionType.READY,
        _T,
        (Reason.READY,),
        "The repository was listed completely at `status.lastFullSyncTime`.",
    ),
    Entry(
        _REPO,
        ConditionType.READY,
        _F,
        (
            Reason.RECONCILING,
            Reason.ERROR,
            Reason.TRANSIENT,
            Reason.REPOSITORY_UNREACHABLE,
            Reason.ACCESS_DENIED,
            Reason.REPOSITORY_INVALID,
            Reason.INVALID,
            Reason.FOREIGN_INSTALLATION,
        ),
        "The repository has not been listed yet, or could not be.",
    ),
    Entry(
        _REPO,
        ConditionType.RECONCILING,
        _T,
        (
            Reason.RECONCILING,
            Reason.PROGRESSING,
            Reason.TRANSIENT,
            Reason.REPOSITORY_UNREACHABLE,
            Reason.ACCESS_DENIED,
        ),
        "The repository is being listed, or will be tried again by itself.",
    ),
    Entry(
        _REPO,
        ConditionType.STALLED,
        _T,
        (Reason.REPOSITORY_INVALID, Reason.INVALID, Reason.FOREIGN_INSTALLATION),
        "Nothing more happens until somebody edits the Repository or the installation.",
    ),
)

MEANINGS: dict[Reason, str] = {
    Reason.READY: "All is as wanted.",
    Reason.PENDING: "The work has not begun, or waits for a render.",
    Reason.RENDERED: "Rendering succeeded.",
    Reason.RENDER_FAILED: "A function of the pipeline failed. `status.render` says which and why; "
    "edit the files.",
    Reason.FAILED: "A permanent failure without a reason of its own; see the message.",
    Reason.INVALID: "An input breaks a rule; the message says which.",
    Reason.TRANSIENT: "A failure that may pass; retried with growing delays.",
    Reason.CONFLICT: "Somebody else wrote at the same time; read again and retried.",
    Reason.WAITING: "Something else must happen first; see the message.",
    Reason.WAITING_FOR_CONTENT: "The revision has neither a `spec.source` nor files. Apply its "
    "PackageRevisionResources.",
    Reason.WAITING_FOR_SOURCE: "The revision that `spec.source` names does not exist or is not "
    "published yet.",
    Reason.WAITING_FOR_REPOSITORY: "The Repository has not been listed yet.",
    Reason.WAITING_FOR_GIT: "Git must take the change first.",
    Reason.REPOSITORY_NOT_FOUND: "There is no Repository of that name in the namespace.",
    Reason.REPOSITORY_UNREACHABLE: "The repository does not answer. Retried.",
    Reason.REPOSITORY_INVALID: "The repository cannot be used as it is registered: the branch or "
    "the directory is missing, or it is no repository.",
    Reason.ACCESS_DENIED: "The repository refused the credentials. Retried: a Secret may be "
    "rotated at any time.",
    Reason.PUSH_REFUSED: "The repository refused the change: a hook, a protected branch or a "
    "limit. The message has the server's words.",
    Reason.ALREADY_EXISTS: "The package has a revision of that workspace, or the new package "
    "would lie inside another one.",
    Reason.NAME_INVALID: "A name breaks the naming rules.",
    Reason.SOURCE_INVALID: "`spec.source` cannot be applied.",
    Reason.CONTENT_INVALID: "The files are not a package: the Kptfile is missing or wrong, a path "
    "is not allowed, or a file is not what it must be.",
    Reason.CONTENT_CHANGED: "The sealed files are not the ones that were proposed. Set "
    "`spec.lifecycle` back to Draft.",
    Reason.CONTENT_MISSING: "The PackageRevisionResources of a draft was deleted and git has no "
    "copy. Create it again, or delete the revision.",
    Reason.CONTENT_TOO_LARGE: "The files are too large to be kept in the object.",
    Reason.NOT_INLINE: "`Repository.spec.inline` keeps the files of this revision elsewhere.",
    Reason.INLINE: "The files are kept in the object.",
    Reason.DRAFT_CHANGED: "An edit came in while another step was being done; the edit is the "
    "next input.",
    Reason.DRAFT_MOVED: "The branch of the draft was moved by somebody else.",
    Reason.PROGRESSING: "A step is being done.",
    Reason.RECONCILING: "The repository is being listed.",
    Reason.ERROR: "The last listing failed; see the message.",
    Reason.FOREIGN_INSTALLATION: "Another installation serves these kinds: an APIService "
    "`v1alpha1.porch.kpt.dev` or a CRD that is not ours. Remove it; nothing is written before.",
}


def find(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """The condition of that type."""
    return next((each for each in conditions if each.type == type_), None)


def is_true(conditions: Iterable[Condition], type_: str) -> bool:
    """Whether the condition is there and holds."""
    found = find(conditions, type_)
    return found is not None and found.status is ConditionStatus.TRUE


def settle(
    before: Iterable[Condition], after: Iterable[Condition], *, now: datetime
) -> list[Condition]:
    """The conditions to write: the time of the last transition moves only with the status."""
    known = {each.type: each for each in before}
    return [_settled(known.get(each.type), each, now) for each in after]


def _settled(before: Condition | None, after: Condition, now: datetime) -> Condition:
    kept = before is not None and before.status is after.status
    return Condition(
        type=after.type,
        status=after.status,
        reason=after.reason,
        message=after.message,
        last_transition_time=before.last_transition_time if before and kept else now,
        observed_generation=after.observed_generation,
    )
