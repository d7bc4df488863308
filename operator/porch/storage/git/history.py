"""What the commits of one branch say about packages: one walk, kept up with what is new.

Reads commits, changes nothing. Of each package's workspace it keeps the task that the revision
began with and the last approval; of each package who changed it last. Grows with the number of
revisions, not with content.
Cost      one commit read each; a branch that only grew is read from where it was.
Source    the predecessor's way to recover tasks: newest first, an `init` or `clone` ends the
          search, an `edit` or `upgrade` gives way to an older one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pygit2

from porch.storage.adapter import Task
from porch.storage.git.layout import number_of
from porch.storage.git.messages import Annotation, annotations, first_task_of
from porch.storage.git.objects import Objects, author_mail, author_time

_ORIGINS = frozenset({"init", "clone"})

Revision = tuple[str, str]  # full path and workspace


@dataclass(frozen=True, slots=True)
class Approval:
    """A commit that published a revision."""

    number: int
    commit: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Who changed a package last, and when."""

    commit: str
    by: str
    at: datetime


class History:
    """The history of one branch, as of `head`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.head = ""
        self._tasks: dict[Revision, Task] = {}
        self._approvals: dict[Revision, Approval] = {}
        self._traces: dict[str, Trace] = {}

    def advance(self, head: str) -> None:
        """Read what is new; everything, when the branch was rewritten."""
        if head == self.head:
            return
        if not (self.head and head and self._objects.descends(head, self.head)):
            self._tasks, self._approvals, self._traces, self.head = {}, {}, {}, ""
        if head:
            self._read(self._objects.commits_since(head, self.head))
        self.head = head

    def task(self, full: str, workspace: str) -> Task | None:
        """The task that a revision began with."""
        return self._tasks.get((full, workspace))

    def approval(self, full: str, workspace: str) -> Approval | None:
        """The commit that published a revision last."""
        return self._approvals.get((full, workspace))

    def trace(self, full: str) -> Trace | None:
        """The last change of a package that says whose it is."""
        return self._traces.get(full)

    def _read(self, newest_first: Iterable[pygit2.Commit]) -> None:
        tasks: dict[Revision, Task] = {}
        approvals: dict[Revision, Approval] = {}
        traces: dict[str, Trace] = {}
        for commit in newest_first:
            for each in annotations(commit.message):
                key = (each.package, each.workspace or each.revision)
                keep_first_task(tasks, key, each)
                number = number_of(each.revision)
                if each.task is None and number > 0:
                    approvals.setdefault(key, Approval(number, str(commit.id)))
                if each.package not in traces:
                    by, at = author_mail(commit), author_time(commit)
                    traces[each.package] = Trace(str(commit.id), by, at)
        for key, task in tasks.items():
            if task.type in _ORIGINS or key not in self._tasks:
                self._tasks[key] = task
        self._approvals |= approvals
        self._traces |= traces


def keep_first_task(tasks: dict[Revision, Task], key: Revision, found: Annotation) -> None:
    """Let an older annotation take the place of newer ones, up to the revision's origin."""
    known, task = tasks.get(key), first_task_of(found)
    if task is not None and (known is None or known.type not in _ORIGINS):
        tasks[key] = task


def chain_task(objects: Objects, tip: str, revision: Revision) -> Task | None:
    """The first task of a revision whose own commits end at `tip`; the branch is not needed."""
    tasks: dict[Revision, Task] = {}
    commit: pygit2.Commit | None = objects.commit(tip)
    while commit is not None:
        for each in annotations(commit.message):
            if (each.package, each.workspace or each.revision) == revision:
                keep_first_task(tasks, revision, each)
        known = tasks.get(revision)
        if known is not None and known.type in _ORIGINS:
            break
        commit = next(
            (each for each in reversed(commit.parents) if _is_of(each, revision)),
            None,
        )
    return tasks.get(revision)


def _is_of(commit: pygit2.Commit, revision: Revision) -> bool:
    return any(
        (each.package, each.workspace or each.revision) == revision
        for each in annotations(commit.message)
    )
