"""The port through which render has functions run, and the values that cross it.

Pure: only shapes. `Evaluate` is implemented outside of this package; renders run in worker
processes, so it is synchronous.
Values    `FunctionCall.items` are KRM documents with kpt's annotations (see annotations.py), as a
          function sees them. A function inside the process may edit these nodes and return them;
          comments and styles then stay. One that went through text says so with `through_text`,
          and render copies comments and field order back by the id annotations.
Errors    A function that ran and failed is a FunctionOutput with `exit_code` != 0. FunctionNotRun
          is for a function that could not run or gave no readable answer for good: render fails
          with its message. Every other PorchError passes through render to its caller.
Source    kpt's function runner and the result items of its function result list.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from porch.errors import Permanent
from porch.kpt.yaml.node import Node


class Severity(StrEnum):
    """How bad a result is; it never decides whether the function failed."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRef:
    """The resource that a result is about; "" where unknown."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRef:
    """The field that a result is about, with what it holds and what it should hold, as text."""

    path: str = ""
    current_value: str = ""
    proposed_value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """The file that a result is about, relative to the package, and the document in it, from 0."""

    path: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultItem:
    """One structured result of a function. `severity` is None when the function gave none."""

    message: str
    severity: Severity | None = None
    resource: ResourceRef | None = None
    field: FieldRef | None = None
    file: FileRef | None = None
    tags: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        ref = self.resource or ResourceRef()
        parts = (ref.api_version, ref.kind, ref.namespace, ref.name)
        where = [
            f"[{self.severity or Severity.INFO}]",
            "/".join(filter(None, parts)),
            self.field.path if self.field else "",
        ]
        return " ".join(filter(None, where)) + ": " + self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """One function to run. Exactly one of `image` and `exec` is set, as the Kptfile gives it."""

    image: str | None = None
    exec: str | None = None
    tag: str = ""  # version or version constraint of the image; "" = as the image says
    name: str = ""  # the step's name in the Kptfile; "" when it has none
    config: Node | None = None  # functionConfig; None = the function gets none
    items: list[Node] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The image or command line, for messages."""
        return self.image or self.exec or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOutput:
    """What a function answered. `exit_code` 0 is success, whatever `results` say."""

    items: list[Node]
    results: tuple[ResultItem, ...] = ()
    stderr: str = ""
    exit_code: int = 0
    through_text: bool = False  # the items were parsed from text: comments may have been lost
    is_empty: bool = False  # it printed nothing at all, which is no list of no items
    image: str = ""  # what really ran, with tag or digest; "" = as called


class FunctionNotRun(Permanent):
    """A function could not be run, or what it printed could not be read."""

    reason: ClassVar[str] = "FunctionNotRun"


class Evaluate(Protocol):
    """Runs one function on one list of items."""

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        """Run `call`; an exit code other than 0 is a value, not an exception."""
        ...
