"""What a change means for refs: commits to make, refs to move, or why nothing may be moved.

Makes objects, moves nothing. `Draftboard` is a copy of the remote's refs on which changes are tried
one after the other, so that many of them make one push: publications chain on one another, and
each ref keeps the value that the remote is known to have as its lease.
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
    RevisionId,
    Stored,
    StoredRevision,
    Task,
    UndoDeletion,
)
from porch.storage.git.layout import (
    Layout,
    deletion_ref,
    draft_ref,
    number_of,
    proposed_ref,
    tag_ref,
)
from porch.storage.git.listing import Listing, Refs
from porch.storage.git.messages import annotations, approval_message, draft_message, removal_message
from porch.storage.git.objects import COMMITTER, Objects
from porch.storage.git.program import Update

MERGES_LOOKED_AT = 50  # commits of the branch that may be a publication of ours without its tag


@dataclass(frozen=True, slots=True)
class Registration:
    """What one registration of a repository reads and writes by."""

    layout: Layout
    listing: Listing
    objects: Objects


class Draftboard:
    """Refs as they will be when what was tried so far is pushed."""

    def __init__(self, refs: Refs) -> None:
        self._before = refs
        self._refs = dict(refs)

    @property
    def refs(self) -> Refs:
        """The refs, changes included."""
        return self._refs

    def get(self, ref: str) -> str:
        """The value of a ref; "" when there is none."""
        return self._refs.get(ref, "")

    def move(self, ref: str, new: str) -> None:
        """Set a ref, or remove it with ""."""
        if new:
            self._refs[ref] = new
        else:
            self._refs.pop(ref, None)

    def updates(self) -> list[Update]:
        """What a push must do; branches and tags first, removals last."""
        every = self._before.keys() | self._refs.keys()
        changed = [
            Update(ref, self._before.get(ref, ""), self._refs.get(ref, ""))
            for ref in sorted(every)
            if self._before.get(ref) != self._refs.get(ref)
        ]
        return sorted(changed, key=lambda each: (not each.new, each.ref.startswith("refs/tags/")))


@dataclass(frozen=True, slots=True)
class Touched:
    """The change is on the board; `ref` will hold the revision, "" when it will be gone."""

    ref: str


Tried = Touched | Outcome


def attempt(change: Change, board: Draftboard, registration: Registration) -> Tried:
    """Put one change on the board, or say why it is done already or must not be."""
    trial = _Trial(board, registration, change.id)
    match change:
        case PutDraft():
            return trial.put_draft(change)
        case Publish():
            return trial.publish(change)
        case ProposeDeletion():
            return trial.propose_deletion()
        case UndoDeletion():
            return trial.undo_deletion()
        case Delete():
            return trial.delete(change)


class _Trial:
    """One change of one revision."""

    def __init__(self, board: Draftboard, registration: Registration, id_: RevisionId) -> None:
        self._board = board
        self._layout = registration.layout
        self._listing = registration.listing
        self._objects = registration.objects
        self._id = id_
        self._full = registration.layout.full(id_.package)
        self._draft_ref = draft_ref(self._full, id_.workspace)
        self._proposed_ref = proposed_ref(self._full, id_.workspace)

    def put_draft(self, change: PutDraft) -> Tried:
        """Commit the content if it is new, and have it under the branch of its lifecycle."""
        published = self._published()
        if published is not None:
            return Moved(published)
        held = self._held()
        proposed = change.lifecycle is Lifecycle.PROPOSED
        wanted = self._proposed_ref if proposed else self._draft_ref
        if held is not None and held.digest == change.content.digest:
            if held.lifecycle is change.lifecycle:
                return Stored(held)
            commit = held.lock.commit
        elif not _expected(held, change.expected):
            return Moved(held)
        else:
            commit = self._draft_commit(held, change.content, change.task, change.author)
        return self._hold(wanted, commit)

    def publish(self, change: Publish) -> Tried:
        """A merge commit on the branch, a tag with the next number, and no draft any more."""
        published = self._published()
        if published is not None:
            return self._recognised(published, change.content)
        held = self._held()
        commit = ""
        if held is not None and held.digest == change.content.digest:
            commit = held.lock.commit
        elif not _expected(held, change.expected):
            return Moved(held)
        if not commit:
            commit = self._draft_commit(held, change.content, change.task, change.author)
        number, merge = self._merged(change.content)
        if not merge:
            number = self._next_number()
            merge = self._merge(commit, number, change.author)
            self._board.move(self._layout.branch_ref, merge)
        tag = tag_ref(self._full, number)
        self._board.move(tag, merge)
        self._board.move(self._draft_ref, "")
        self._board.move(self._proposed_ref, "")
        return Touched(tag)

    def propose_deletion(self) -> Tried:
        """A branch at the published commit says so."""
        found = self._final()
        if found is None:
            return Moved(self._held())
        self._board.move(self._deletion_of(found), found.lock.commit)
        return self._changed_mark(found)

    def undo_deletion(self) -> Tried:
        """That branch goes."""
        found = self._final()
        if found is None:
            return Moved(self._held())
        self._board.move(self._deletion_of(found), "")
        return self._changed_mark(found)

    def delete(self, change: Delete) -> Tried:
        """Tag and mark go, or the draft, or the directory on the branch."""
        held, found = self._held(), self._final()
        if held is not None:
            if change.expected is not None and held.version != change.expected:
                return Moved(held)
            self._board.move(self._draft_ref, "")
            self._board.move(self._proposed_ref, "")
        elif found is None:
            return Stored(None)
        elif found.lock.ref == self._layout.branch:
            self._take_off_branch()
            self._board.move(self._deletion_of(found), "")
        else:
            self._board.move("refs/tags/" + found.lock.ref, "")
            self._board.move(self._deletion_of(found), "")
        return Touched("")

    def _recognised(self, published: StoredRevision, content: Content) -> Outcome:
        if published.digest == content.digest:
            return Stored(published)
        return Refused(
            f"{published.lock.ref} already publishes workspace {self._id.workspace!r} of "
            f"{self._full!r} with other content ({published.digest}, ours is {content.digest})"
        )

    def _hold(self, wanted: str, commit: str) -> Touched:
        for ref in (self._draft_ref, self._proposed_ref):
            self._board.move(ref, commit if ref == wanted else "")
        return Touched(wanted)

    def _held(self) -> StoredRevision | None:
        """The draft or proposal; a proposal that a crash left beside its draft counts."""
        refs = self._board.refs
        return self._listing.revision(refs, self._proposed_ref) or self._listing.revision(
            refs, self._draft_ref
        )

    def _published(self) -> StoredRevision | None:
        tags = self._listing.tags(self._board.refs, self._full)
        return next((each for each in tags if each.id == self._id), None)

    def _final(self) -> StoredRevision | None:
        """The published revision, be it a tag or the branch's own content."""
        tagged = self._published()
        if tagged is not None or self._id.workspace != self._layout.branch:
            return tagged
        found, _ = self._listing.revisions(self._board.refs)
        return found.get(self._id)

    def _deletion_of(self, found: StoredRevision) -> str:
        last = f"v{found.revision}" if found.revision > 0 else found.id.workspace
        return deletion_ref(self._full, last)

    def _changed_mark(self, found: StoredRevision) -> Tried:
        if found.lock.ref == self._layout.branch:
            return Touched(self._layout.branch_ref)
        return Touched("refs/tags/" + found.lock.ref)

    def _draft_commit(
        self, held: StoredRevision | None, content: Content, task: Task, author: Identity
    ) -> str:
        parent = held.lock.commit if held is not None else self._board.get(self._layout.branch_ref)
        base = self._objects.commit(parent).tree if parent else None
        tree = self._objects.replaced(base, self._full, self._objects.write_content(content))
        message = draft_message(self._full, self._id.workspace, task)
        return self._objects.create_commit(tree, [parent] if parent else [], message, author)

    def _merge(self, commit: str, number: int, author: Identity) -> str:
        head = self._branch_head()
        package = self._objects.subtree(self._objects.commit(commit), self._full)
        if package is None:
            raise RepositoryInvalid(f"commit {commit} must hold package {self._full!r}")
        base = self._objects.commit(head).tree
        tree = self._objects.replaced(base, self._full, package.id)
        message = approval_message(self._full, self._id.workspace, number)
        return self._objects.create_commit(tree, [head, commit], message, author)

    def _next_number(self) -> int:
        tags = self._listing.tags(self._board.refs, self._full)
        return 1 + max((each.revision for each in tags if each.revision > 0), default=0)

    def _merged(self, content: Content) -> tuple[int, str]:
        """Our own merge that a crash left without its tag, where pushes are not atomic."""
        oid = self._board.get(self._layout.branch_ref)
        for _ in range(MERGES_LOOKED_AT if oid else 0):
            commit = self._objects.commit(oid)
            for found in annotations(commit.message):
                ours = (found.package, found.workspace) == (self._full, self._id.workspace)
                number = number_of(found.revision)
                if not ours or found.task is not None or number < 1:
                    continue
                tree = self._objects.subtree(commit, self._full)
                same = tree is not None and content.digest == f"tree:{tree.id}"
                if same and not self._board.get(tag_ref(self._full, number)):
                    return number, oid
            if not commit.parent_ids:
                break
            oid = str(commit.parent_ids[0])
        return 0, ""

    def _take_off_branch(self) -> None:
        head = self._branch_head()
        tree = self._objects.replaced(self._objects.commit(head).tree, self._full, None)
        message = removal_message(self._full)
        commit = self._objects.create_commit(tree, [head], message, COMMITTER)
        self._board.move(self._layout.branch_ref, commit)

    def _branch_head(self) -> str:
        head = self._board.get(self._layout.branch_ref)
        if not head:
            raise branch_missing(self._layout)
        return head


def branch_missing(layout: Layout) -> RepositoryInvalid:
    """The registered branch does not exist."""
    return RepositoryInvalid(
        f"branch {layout.branch!r} does not exist; create it, or set `spec.git.createBranch`"
    )


def _expected(held: StoredRevision | None, expected: str | None) -> bool:
    """The draft is what it was when the change was decided, or has gone meanwhile."""
    return held is None or held.version == expected
