"""What a built-in function is: one call in, one output out, items edited in place.

Pure. A built-in edits the nodes of the call's items and hands back the list of items, so comments
and styles stay. What users wrote to be executed (scripts, regular expressions) goes through the
`Untrusted` port, files that a config names through `SchemaFiles`.
Editions  CATALOGUE does bug for bug what the released tags of the catalogue do; CORRECTED, behind
          `latest` and newer tags, does what their documentation says.
Errors    Rejected: the function refuses its config or an item. The runtime turns it into an output
          with exit code 1; it never leaves this layer.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from porch.functions.sandbox.wire import Found, StarlarkDone
from porch.kpt.annotations import index_of, path_of
from porch.kpt.evaluate import FieldRef, FileRef, FunctionOutput, ResultItem, Severity
from porch.kpt.yaml.node import Node


class Edition(StrEnum):
    """Which behaviour a tag stands for."""

    CATALOGUE = "catalogue"
    CORRECTED = "corrected"


class Untrusted(Protocol):
    """Runs what a user wrote, under limits of time, memory and steps."""

    def run_starlark(self, source: str, resource_list: str) -> StarlarkDone:
        """Run a script over a resource list in JSON."""
        ...

    def search(self, pattern: str, texts: list[str]) -> list[Found | None]:
        """Search each text for an RE2 pattern."""
        ...


class SchemaFiles(Protocol):
    """Reads files of JSON schemas from where functions may."""

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none; Rejected when it must not be read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltinCall:
    """What a built-in gets."""

    items: list[Node]
    config: Node | None
    edition: Edition
    untrusted: Untrusted
    schema_files: SchemaFiles

    @property
    def corrected(self) -> bool:
        """Whether known defects of the catalogue are to be avoided."""
        return self.edition is Edition.CORRECTED


Builtin = Callable[[BuiltinCall], FunctionOutput]


class Rejected(Exception):
    """The function refuses: `message` is the text of its error result."""

    def __init__(self, message: str, *, stderr: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.stderr = message if stderr is None else stderr


SDK_FAILURE = "failed to evaluate function: error: function failure"  # stderr of Go SDK functions


def done(items: list[Node], results: Sequence[ResultItem] = ()) -> FunctionOutput:
    """The output of a function that succeeded."""
    return FunctionOutput(items=items, results=tuple(results))


def failed(
    items: list[Node], results: Sequence[ResultItem], *, stderr: str = SDK_FAILURE
) -> FunctionOutput:
    """The output of a function that failed."""
    return FunctionOutput(items=items, results=tuple(results), stderr=stderr, exit_code=1)


def info(message: str) -> ResultItem:
    """A result about the whole call."""
    return ResultItem(message=message, severity=Severity.INFO)


def warning(message: str) -> ResultItem:
    """A warning about the whole call."""
    return ResultItem(message=message, severity=Severity.WARNING)


def error(message: str) -> ResultItem:
    """An error about the whole call."""
    return ResultItem(message=message, severity=Severity.ERROR)


def about_item(
    item: Node, message: str, *, severity: Severity | None = Severity.INFO
) -> ResultItem:
    """A result about one item; the file is the item's."""
    return ResultItem(message=message, severity=severity, file=FileRef(path=path_of(item)))


def about_field(
    item: Node, path: str, message: str, *, severity: Severity | None = Severity.INFO
) -> ResultItem:
    """A result about one field of one item; the file is the item's."""
    return ResultItem(
        message=message,
        severity=severity,
        field=FieldRef(path=path),
        file=FileRef(path=path_of(item)),
    )


def file_of(item: Node) -> FileRef:
    """Where an item is written."""
    index = index_of(item)
    return FileRef(path=path_of(item), index=int(index) if index.isdigit() else 0)


def quoted(text: str) -> str:
    """The text in double quotes with Go's escapes, as messages of the catalogue have it."""
    return json.dumps(text, ensure_ascii=False)
