"""What a change means for refs: commits to make, refs to move, or why nothing may be moved.

Makes objects, moves nothing but refs on a `Board`. Every change can be repeated after a crash at
any point: a tag whose commit names our workspace is our publication, a branch that has the wanted
content is our push, and what an interrupted push left over is removed.

Never     is a tag moved, a branch rewound, or a draft overwritten that is not as expected.
Published content wins: a draft of it is not stored any more, and the caller is shown the tag.
"""

from dataclasses import dataclass

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content
from porch.storage.adapter import (
    Change,
    Delete,
    Identity,
    Moved,
    Outcome,
    ProposeDeletion,
    Publish,
    PutDraft,
    Refused,
    RepositoryInvalid,
    Stored,
    StoredRevision,
    Task,
    UndoDeletion,
    Version,
)
from porch.storage.git.layout import (
    TAGS,
    Layout,
    deletion_mark,
    draft_ref,
    proposed_ref,
    tag_ref,
)
from porch.storage.git.listing import Listing
from porch.storage.git.messages import approval_message, draft_message, removal_message
from porch.storage.git.objects import COMMITTER, KPTFILE, FileInTheWay, Objects
from porch.storage.git.refs import Board


@dataclass(frozen=True, slots=True)
class Registration:
    """What one registration of a repository reads and writes by."""

    layout: Layout
    listing: Listing
    objects: Objects


@dataclass(frozen=True, slots=True)
class Touched:
    """The change is on the board; a push makes it true."""


TOUCHED = Touched()

Tried = Touched | Outcome


def attempt(change: Change, board: Board, registration: Registration) -> Tried:
    """Put one change on the board, or say why it is done already or must not be."""
    trial = _Trial(change, board, registration)
    match change:
        case PutDraft() | Publish():
            return _attempt_content(change, trial, board, registration)
        case ProposeDeletion():
            return trial.propose_deletion()
        case UndoDeletion():
            return trial.undo_deletion()
        case Delete():
            return trial.delete(change.expected)


def _attempt_content(
    change: PutDraft | Publish, trial: "_Trial", board: Board, registration: Registration
) -> Tried:
    """A change that brings content, unless it could not be found again or would destroy another."""
    problem = registration.layout.problem(change.id.package, change.id.workspace)
    if problem:
        return Refused(problem)
    if KPTFILE not in change.content:
        return Refused(f"package {change.id.package!r} must have a {KPTFILE}")
    unreadable = registration.listing.unreadable(board, change.id)
    if unreadable and trial.published is None:
        return Refused(
            f"branch {unreadable!r} holds no package that can be read; repair or remove it"
        )
    try:
        return trial.put_draft(change) if isinstance(change, PutDraft) else trial.publish(change)
    except FileInTheWay as err:
        return Refused(f"package {change.id.package!r} cannot be stored: {err}")


def as_pushed(change: Change, board: Board, registration: Registration) -> StoredRevision | None:
    """The revision as it is once the board has been pushed."""
    found = _Trial(change, board, registration)
    return found.published or found.held or found.placeholder


def branch_missing(layout: Layout) -> RepositoryInvalid:
    """The registered branch does not exist."""
    return RepositoryInvalid(
        f"branch {layout.branch!r} does not exist; create it, or set `spec.git.createBranch`"
    )


class _Trial:
    """One change of one revision, and the revision as the board has it before."""

    def __init__(self, change: Change, board: Board, registration: Registration) -> None:
        self._board = board
        self._layout = registration.layout
        self._listing = registration.listing
        self._objects = registration.objects
        self._workspace = change.id.workspace
        self._full = registration.layout.full(change.id.package)
        self._draft_ref = draft_ref(self._full, self._workspace)
        self._proposed_ref = proposed_ref(self._full, self._workspace)
        self._touched = False
        self.held = self._listing.held(board, change.id)
        self.published = self._listing.published(board, change.id)
        self.placeholder = self._listing.placeholder(board, change.id)

    def put_draft(self, change: PutDraft) -> Tried:
        """Commit the content if it is new, and have it under the branch of its lifecycle."""
        held = self.held
        if self.published is not None:
            return Moved(self.published)
        if held is None or held.digest != change.content.digest:
            if _version(held) != change.expected:
                return Moved(held)
            commit = self._draft_commit(change.content, change.task, change.author)
        else:
            commit = held.lock.commit
        proposed = change.lifecycle is Lifecycle.PROPOSED
        wanted = self._proposed_ref if proposed else self._draft_ref
        self._move(wanted, commit)
        self._drop(self._draft_ref if proposed else self._proposed_ref, commit)
        return TOUCHED if self._touched or held is None else Stored(held)

    def publish(self, change: Publish) -> Tried:
        """A merge commit on the branch, a tag with the next number, and no draft any more."""
        if self.published is not None:
            return self._recognised(self.published, change.content)
        held = self.held
        if _version(held) != change.expected:
            return Moved(held)
        number = self._listing.highest(self._board, self._full) + 1
        merge = self._untagged(number, change.content)
        if not merge:
            if held is not None and held.digest == change.content.digest:
                commit = held.lock.commit
            else:
                commit = self._draft_commit(change.content, change.task, change.author)
            merge = self._merge(commit, number, change)
            self._move(self._layout.branch_ref, merge)
        self._move(tag_ref(self._full, number), merge)
        self._drop_drafts(merge)
        return TOUCHED

    def propose_deletion(self) -> Tried:
        """A branch at the published commit says so."""
        found = self.published or self.placeholder
        if found is None:
            return Moved(self.held)
        if not self._board.get(self._mark(found)):
            self._move(self._mark(found), found.lock.commit)
        return self._done(found)

    def undo_deletion(self) -> Tried:
        """That branch goes."""
        found = self.published or self.placeholder
        if found is None:
            return Moved(self.held)
        self._move(self._mark(found), "")
        return self._done(found)

    def delete(self, expected: Version | None) -> Tried:
        """Tag and mark go, or the draft, or the directory on the branch."""
        found = self.published or self.held or self.placeholder
        if found is None:
            return Stored(None)
        if expected is not None and found.version != expected:
            return Moved(found)
        if found is self.published:
            self._move(TAGS + found.lock.ref, "")
            self._move(self._mark(found), "")
            self._drop_drafts(found.lock.commit)
        elif found is self.held:
            self._drop_drafts(found.lock.commit)
        else:
            self._take_off_branch()
            self._move(self._mark(found), "")
        return TOUCHED

    def _recognised(self, published: StoredRevision, content: Content) -> Tried:
        """Our publication of before a crash, or somebody else's of the same name."""
        if published.digest != content.digest:
            return Refused(
                f"tag {published.lock.ref} publishes workspace {self._workspace!r} of "
                f"{self._full!r} with other content ({published.digest}, not {content.digest}); "
                "use another workspace"
            )
        self._drop_drafts(published.lock.commit)
        return self._done(published)

    def _done(self, found: StoredRevision) -> Tried:
        return TOUCHED if self._touched else Stored(found)

    def _move(self, ref: str, new: str) -> None:
        if self._board.get(ref) != new:
            self._board.move(ref, new)
            self._touched = True

    def _drop_drafts(self, commit: str) -> None:
        self._drop(self._draft_ref, commit)
        self._drop(self._proposed_ref, commit)

    def _drop(self, ref: str, commit: str) -> None:
        """Remove a branch that `commit` holds all of; another's work beside ours is left alone."""
        tip = self._board.get(ref)
        if tip and self._objects.descends(commit, tip):
            self._move(ref, "")

    def _mark(self, found: StoredRevision) -> str:
        return deletion_mark(self._full, revision=found.revision, last=found.id.workspace)

    def _draft_commit(self, content: Content, task: Task, author: Identity) -> str:
        held, branch = self.held, self._board.get(self._layout.branch_ref)
        parent = held.lock.commit if held is not None else branch
        base = self._objects.commit(parent).tree if parent else None
        tree = self._objects.replaced(base, self._full, self._objects.write_content(content))
        message = draft_message(self._full, self._workspace, task)
        parents = [parent] if parent else []
        return self._board.made(self._objects.create_commit(tree, parents, message, author))

    def _merge(self, commit: str, number: int, change: Publish) -> str:
        head = self._branch_head()
        package = self._objects.tree_of(change.content.digest)
        tree = self._objects.replaced(self._objects.commit(head).tree, self._full, package)
        message = approval_message(self._full, self._workspace, number)
        parents = [head, commit]
        return self._board.made(self._objects.create_commit(tree, parents, message, change.author))

    def _untagged(self, number: int, content: Content) -> str:
        """Our merge commit that a crash left without its tag, where pushes are not atomic."""
        self._listing.history.advance(self._board.known(self._layout.branch_ref))
        found = self._listing.history.approval(self._full, self._workspace)
        if found is None or found.number != number:
            return ""
        if not all(self._holds(commit, content) for commit in (found.commit, self._branch_head())):
            return ""  # of a revision that was deleted since, or changed on the branch
        held = self.held
        is_ours = held is None or self._objects.descends(found.commit, held.lock.commit)
        return found.commit if is_ours else ""

    def _holds(self, commit: str, content: Content) -> bool:
        package = self._objects.subtree(self._objects.commit(commit), self._full)
        return package is not None and self._objects.digest(package) == content.digest

    def _take_off_branch(self) -> None:
        head = self._branch_head()
        tree = self._objects.replaced(self._objects.commit(head).tree, self._full, None)
        message = removal_message(self._full)
        commit = self._objects.create_commit(tree, [head], message, COMMITTER)
        self._move(self._layout.branch_ref, self._board.made(commit))

    def _branch_head(self) -> str:
        head = self._board.get(self._layout.branch_ref)
        if not head:
            raise branch_missing(self._layout)
        return head


def _version(held: StoredRevision | None) -> Version | None:
    return held.version if held is not None else None
