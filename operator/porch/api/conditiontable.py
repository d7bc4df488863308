"""Every condition and every reason with its meaning, in tables; the reference page is made of them.

Pure. A reason that code writes and that is missing here fails the tests: people find it in a
condition, a warning or an Event, and must be able to look it up.
"""

from dataclasses import dataclass
from enum import StrEnum

from porch.api.conditions import ConditionType
from porch.api.meta import ConditionStatus


class Outcome(StrEnum):
    """What happens next, whoever reads it."""

    STATE = "nothing: it is a state"
    GOES_ON = "goes on by itself: retried, or continued by the event that it waits for"
    STALLED = "only an edit helps"


@dataclass(frozen=True, slots=True)
class Row:
    """One condition with one status."""

    kind: str
    type: ConditionType
    status: ConditionStatus
    reasons: str  # which may stand there, in words
    meaning: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason."""

    reason: str
    outcomes: frozenset[Outcome]
    meaning: str


_T, _F = ConditionStatus.TRUE, ConditionStatus.FALSE
_PR, _PRR, _REPO = "PackageRevision", "PackageRevisionResources", "Repository"

CONDITIONS: tuple[Row, ...] = (
    Row(_PR, ConditionType.READY, _T, "`Ready`", "It is as wanted, and its content is rendered."),
    Row(
        _PR,
        ConditionType.READY,
        _F,
        "any that goes on or stalls",
        "Not yet, or not at all; `Reconciling` and `Stalled` say which.",
    ),
    Row(
        _PR,
        ConditionType.RENDERED,
        _T,
        "`Rendered`",
        "The content is the result of a successful render.",
    ),
    Row(
        _PR,
        ConditionType.RENDERED,
        _F,
        "`RenderFailed`",
        "A function failed; the files are as the user left them.",
    ),
    Row(
        _PR,
        ConditionType.RECONCILING,
        _T,
        "any that goes on",
        "Work is going on, will be retried, or something else must happen first.",
    ),
    Row(
        _PR,
        ConditionType.STALLED,
        _T,
        "any that stalls",
        "Nothing more happens until somebody edits the object, its files or its repository.",
    ),
    Row(
        _PR,
        ConditionType.DRAFT_DIVERGED,
        _T,
        "`DraftMoved`",
        "The draft's branch was moved by somebody else while it held unpushed edits; both are "
        "kept, and the message names both digests.",
    ),
    Row(
        _PR,
        ConditionType.KPTFILE_BROKEN,
        _T,
        "`BadKptfile`",
        "The Kptfile of a published revision cannot be read, so its upstream and conditions are "
        "not known. Publish a revision with a corrected one.",
    ),
    Row(
        _PR,
        ConditionType.MERGE_CONFLICTS,
        _T,
        "`MergeConflicts`",
        "The upgrade met changes on both sides; `status.merge` lists what was taken. Stays until "
        "the revision is published.",
    ),
    Row(
        _PR,
        ConditionType.GATES_MET,
        _T,
        "`ReadinessGatesMet`",
        "Every condition that `spec.readinessGates` names is True. Only there with gates.",
    ),
    Row(
        _PR,
        ConditionType.GATES_MET,
        _F,
        "`ReadinessGatesUnmet`",
        "A condition that `spec.readinessGates` names is not True; the message says which. Command "
        "lines refuse to propose or approve it; the operator does not.",
    ),
    Row(_PRR, ConditionType.RENDERED, _T, "`Rendered`", "The files are rendered."),
    Row(
        _PRR,
        ConditionType.RENDERED,
        _F,
        "`RenderFailed`",
        "A function failed; `status.renderStatus` says which and why.",
    ),
    Row(
        _PRR,
        ConditionType.INLINE,
        _F,
        "`NotInline`, `ContentTooLarge`",
        "The files of this published revision are not in the object; the message says why, and "
        "where they are.",
    ),
    Row(
        _REPO,
        ConditionType.READY,
        _T,
        "`Ready`",
        "The repository was listed completely at `status.lastFullSyncTime`.",
    ),
    Row(
        _REPO,
        ConditionType.READY,
        _F,
        "any that goes on or stalls",
        "The repository could not be listed.",
    ),
    Row(
        _REPO,
        ConditionType.RECONCILING,
        _T,
        "any that goes on",
        "The repository will be tried again by itself.",
    ),
    Row(
        _REPO,
        ConditionType.STALLED,
        _T,
        "any that stalls",
        "Nothing more happens until somebody edits the Repository or the installation.",
    ),
)


def _all(outcome: Outcome, texts: dict[str, str]) -> dict[str, Explained]:
    return {reason: Explained(reason, frozenset({outcome}), text) for reason, text in texts.items()}


_STATES = _all(
    Outcome.STATE,
    {
        "NotInline": "The policy `spec.inline` of the Repository, or its budget, keeps the files "
        "of published revisions out of their objects. Git has them.",
        "Ready": "All is as wanted.",
        "Rendered": "Rendering succeeded.",
        "MergeConflicts": "An upgrade met changes of the package and of its upstream in the same "
        "place. One of them was taken; look at the files, and edit them where the other is right.",
        "ReadinessGatesMet": "The package is ready to be proposed.",
        "ReadinessGatesUnmet": "The package is not ready: a condition of its Kptfile that is a "
        "readiness gate is not True, or missing.",
    },
)
_GOING_ON = _all(
    Outcome.GOES_ON,
    {
        "ApiUnavailable": "The API server does not answer, or not in a way that can be used.",
        "Conflict": "Somebody else wrote at the same time; it is read again.",
        "ContentMissing": "The PackageRevisionResources of a draft was deleted and git has no "
        "copy. Create it again, or delete the revision.",
        "DraftChanged": "An edit came in while another step was being done; the edit is the next "
        "input.",
        "Expired": "The API server does not keep the version that was asked for; it is read again.",
        "Forbidden": "The operator lacks a right, or an admission policy refused. See the roles in "
        "`manifests/rbac`.",
        "FunctionRunnerUnavailable": "The function runner does not answer or has no room.",
        "LoginFailed": "The operator got no credentials for the API server.",
        "NotFound": "An object that is needed does not exist.",
        "NotLeading": "Another replica of the operator works now.",
        "Pending": "A step has not been done yet.",
        "RenderBroken": "Something that a render needs is not there at the moment.",
        "RenderPoolFull": "More renders wait already than may.",
        "RepositoryNotFound": "There is no Repository of that name in the namespace. Create it.",
        "RepositoryUnreachable": "The repository does not answer, or not now.",
        "RepositoryUntrusted": "The server of the repository cannot prove that it is the one that "
        "was meant. Add its authority (`ca.crt`) or its host key (`known_hosts`) to the Secret.",
        "SandboxBroken": "The process for user-written code cannot be started.",
        "TooManyRequests": "The API server asks for fewer calls.",
        "Transient": "A failure that may pass.",
        "Unauthorized": "The API server does not know the operator's credentials.",
        "Waiting": "Something else must happen first; see the message.",
        "WaitingForContent": "The revision has neither a `spec.source` nor files. Apply its "
        "PackageRevisionResources.",
        "WaitingForRepository": "The Repository has not been listed yet, or is going.",
        "WaitingForSource": "What `spec.source` names is not there yet: a revision that does not "
        "exist, is not published or not listed; a git repository or a ref that is missing.",
        "WorkerDied": "The process of a render ended unexpectedly.",
    },
)
_STALLING = _all(
    Outcome.STALLED,
    {
        "BadFunctionOutput": "What a function printed cannot be read.",
        "BadImage": "The reference of a function's image is not one.",
        "BadItems": "The resources that a function returned contradict each other or leave the "
        "package.",
        "BadKptfile": "The Kptfile is missing or wrong; the message names the line.",
        "BadPackage": "A path or a size in the package is not allowed.",
        "BadPath": "A path could leave the package, or git cannot store it.",
        "BadRequest": "The API server does not understand a request of the operator.",
        "BadYaml": "A file is not YAML, or beyond a limit; the message names line and column.",
        "ChangedKind": "A function turned a mapping, a list or a scalar into another of them.",
        "ContentChanged": "The sealed files are not the ones that were proposed. Set "
        "`spec.lifecycle` back to Draft.",
        "ContentTooLarge": "The files are too large to be kept in the object. Make them smaller, "
        "or split the package.",
        "DraftMoved": "The branch of the draft was moved by somebody else.",
        "DuplicateResource": "A file holds a resource twice, so an upgrade cannot tell which is "
        "which. Remove or rename one of them.",
        "ExecNotAllowed": "The pipeline names an executable, and none may run here.",
        "Failed": "A failure that stays, without a reason of its own; see the message.",
        "ForeignInstallation": "Another installation serves these kinds: an APIService "
        "`v1alpha1.porch.kpt.dev` or a CRD that is not ours. Remove it; nothing is written before.",
        "FunctionFailed": "A function failed; the message has its words.",
        "FunctionLimitExceeded": "User-written code wanted more time, memory or steps than it may "
        "use.",
        "FunctionNotFound": "No function of that name and tag can be run here.",
        "FunctionNotRun": "A function could not be run.",
        "Invalid": "An input breaks a rule; the message says which.",
        "LocalChanges": "The package was changed since it was cloned, so it cannot be "
        "fast-forwarded. Use another strategy.",
        "MalformedAnswer": "The API server answered something else than was asked for.",
        "NameInvalid": "A name breaks the naming rules.",
        "NotAPackage": "A side of an upgrade has no Kptfile at its root; the message says which.",
        "NotKrm": "A file that must hold Kubernetes resources holds something else.",
        "PathTaken": "The repository holds a file or a submodule where the package, or a directory "
        "above it, must go. Move it away, or choose another name.",
        "PushRefused": "The repository refused the change: a hook, a protected branch or a limit. "
        "The message has the server's words. It is tried again every five minutes.",
        "RenderFailed": "A function of the pipeline failed. `status.render` says which and why; "
        "edit the files.",
        "ScheduleInvalid": "A warning on a Repository: `spec.sync.schedule` cannot be read. It is "
        "listed in full once an hour meanwhile.",
        "Skipped": "A warning on a Repository: the named ref or directory is left out; the message "
        "says why.",
        "RepositoryInvalid": "The repository cannot be used as it is registered.",
        "SourceInvalid": "`spec.source` cannot be applied; the message says why. A source is "
        "immutable, so create another PackageRevision.",
        "TooLarge": "The object is larger than the API server takes.",
        "Unmergeable": "kpt's own merge refuses what the sides of an upgrade hold; the default one "
        "takes it.",
        "UntrustedServer": "The API server cannot prove that it is the one that was meant.",
        "WrongNode": "A file has a value of another kind than it must be.",
    },
)
_EITHER = frozenset({Outcome.GOES_ON, Outcome.STALLED})
_BOTH = {
    each.reason: each
    for each in (
        Explained(
            "AccessDenied",
            frozenset({Outcome.GOES_ON}),
            "The repository refused the credentials, or their Secret cannot be read. It is tried "
            "again: a Secret may be rotated at any time.",
        ),
        Explained(
            "AlreadyExists",
            _EITHER,
            "The package has a revision of that workspace, or the new package would lie inside "
            "another one; or somebody created an object before the operator did.",
        ),
        Explained("InternalError", _EITHER, "A defect of the operator; please report it."),
    )
}

REASONS: dict[str, Explained] = _STATES | _GOING_ON | _STALLING | _BOTH

EVENTS: dict[str, str] = {
    "Listed": "A repository was listed for the first time, or again after a failure.",
    "Rendered": "The pipeline ran.",
    "Proposed": "The revision was sealed with the content that the message names.",
    "Published": "The revision has its number and its tag.",
    "MergeConflicts": "An upgrade met changes on both sides; the message names the first of them.",
    "PublishedUnready": "The revision was published although a readiness gate is not met.",
    "MetadataFollowsContent": "`spec.packageMetadata` and `spec.readinessGates` of a published "
    "revision were set back to what its Kptfile says.",
    "Reopened": "A proposal became a draft again.",
    "DeletionProposed": "The deletion of a published revision was proposed.",
    "DeletionRejected": "A published revision stays.",
    "LifecycleFollowsGit": "Git moved by other hands, and the wish was set to what git has.",
    "Removed": "The repository no longer has the revision.",
    "DraftPushed": "Unpushed content was saved to git before the object went.",
    "DraftNotPushed": "Unpushed content could not be saved to git before the object went.",
}
