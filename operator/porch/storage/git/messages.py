"""Commit messages, and the annotation line in them that machines read. Pure.

A line that starts with `kpt:` holds one JSON object with the package's full path, its workspace,
its revision and what made the commit. The bytes are the predecessor's: readers of either side
understand both.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from porch.storage.adapter import Task

_HEADLINES = {
    "init": "Creating new empty revision",
    "clone": "Creating new revision by cloning",
    "edit": "Creating new revision by copying previous revision",
    "upgrade": "Upgrading revision",
    "render": "Rendering package",
}
_FIRST = frozenset({"init", "clone", "edit", "upgrade"})
_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}

CREATE_BRANCH = "Initial commit: Creating main branch"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation line, as far as it is understood."""

    package: str
    workspace: str
    revision: str  # of old commits without a workspace: it stands for that, too
    task: Mapping[str, object] | None = None


def draft_message(full: str, workspace: str, task: Task) -> str:
    """The message of a commit on a draft."""
    headline = _HEADLINES.get(task.type, f"Intermediate commit: {task.type}")
    body: dict[str, object] = {"type": task.type}
    if task.body:
        body[task.type] = dict(task.body)
    line = _line({"package": full, "workspaceName": workspace, "revision": "0", "task": body})
    return f"{headline}\n\n\n{line}\n"


def approval_message(full: str, workspace: str, number: int) -> str:
    """The message of the merge commit that publishes."""
    line = _line({"package": full, "workspaceName": workspace, "revision": str(number)})
    return f"Approving package revision {full}/{number}\n\n{line}\n"


def removal_message(full: str) -> str:
    """The message of the commit that takes a package off the branch."""
    return f"Delete {full}"


def annotations(message: str) -> Iterator[Annotation]:
    """The annotation lines of a message; what is no JSON object is passed over."""
    for line in message.split("\n"):
        stripped = line.strip()
        if not stripped.startswith("kpt:"):
            continue
        try:
            found = json.loads(stripped.removeprefix("kpt:"))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            task = found.get("task")
            yield Annotation(
                package=_string(found.get("package")),
                workspace=_string(found.get("workspaceName")),
                revision=_string(found.get("revision")),
                task=task if isinstance(task, dict) else None,
            )


def first_task_of(annotation: Annotation) -> Task | None:
    """The task, when it is one that a revision can begin with."""
    task = annotation.task or {}
    kind = task.get("type")
    if not isinstance(kind, str) or kind not in _FIRST:
        return None
    body = task.get(kind)
    return Task(kind, body if isinstance(body, dict) else {})


def workspace_of(message: str, full: str) -> str:
    """The workspace that a publication of this package names; "" when it names none."""
    for annotation in annotations(message):
        if annotation.package == full and annotation.workspace:
            return annotation.workspace
    return ""


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _line(fields: Mapping[str, object]) -> str:
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return "kpt:" + text
