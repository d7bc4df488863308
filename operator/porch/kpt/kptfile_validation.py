"""What a pipeline must be before it may run.

Pure. The first fault wins: mutators before validators, in order.
Errors    InvalidKptfile with field, value and reason; its text is kpt's.
"""

import re
from collections.abc import Callable, Sequence
from posixpath import isabs, normpath
from typing import Final

from porch.kpt.kptfile import BadKptfile, Function, Pipeline
from porch.kpt.krm import krm_problem
from porch.kpt.yaml.node import Node

_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?"
_IMAGE: Final = re.compile(
    rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?\Z"
)

# The documents of a file of the package; None when there is no such file.
ReadDocuments = Callable[[str], Sequence[Node] | None]


class InvalidKptfile(BadKptfile):
    """A field of the Kptfile has a value that cannot work."""

    def __init__(self, field: str, reason: str, *, value: str = "") -> None:
        lines = ["Kptfile is invalid:", f"Field: `{field}`"]
        if value:
            lines.append(f'Value: "{value}"')
        super().__init__("\n".join([*lines, f"Reason: {reason}"]))
        self.field, self.value, self.why = field, value, reason


def validate_pipeline(pipeline: Pipeline, read: ReadDocuments) -> None:
    """Raise InvalidKptfile for the first function that cannot run."""
    for section, functions in (
        ("mutators", pipeline.mutators),
        ("validators", pipeline.validators),
    ):
        for number, function in enumerate(functions):
            _validate_function(f"pipeline.{section}[{number}]", function, read)


def missing_config(field: str, path: str) -> InvalidKptfile:
    """The fault of a configPath that names no file of the package itself."""
    reason = "functionConfig must exist in the current package"
    return InvalidKptfile(f"{field}.configPath", reason, value=path)


def _validate_function(field: str, function: Function, read: ReadDocuments) -> None:
    if not function.image and not function.exec:
        raise InvalidKptfile(field, "must specify a functon (`image` or `exec`) to execute")
    if function.image and function.exec:
        raise InvalidKptfile(field, "must not specify both `image` and `exec` at the same time")
    if function.image and not _IMAGE.match(function.image):
        reason = f'function name "{function.image}" is invalid'
        raise InvalidKptfile(f"{field}.image", reason, value=function.image)
    if function.config_map and function.config_path:
        raise InvalidKptfile(
            field,
            "functionConfig must not specify both `configMap` and `configPath` at the same time",
        )
    if function.config_path:
        _validate_config_path(field, function.config_path, read)


def _validate_config_path(field: str, path: str, read: ReadDocuments) -> None:
    reason = _path_problem(path)
    if not reason:
        documents = read(normpath(path))
        if documents is None:
            raise missing_config(field, path)
        reason = _documents_problem(path, documents)
    if reason:
        raise InvalidKptfile(f"{field}.configPath", reason, value=path)


def _path_problem(path: str) -> str:
    if not path.strip():
        return "path must not be empty"
    if isabs(path):
        return "path must be relative"
    if ".." in normpath(path):
        return "path must not be outside the package"
    return ""


def _documents_problem(path: str, documents: Sequence[Node]) -> str:
    if len(documents) > 1:
        count = len(documents)
        return f'functionConfig "{path}" must not contain more than one config, got {count}'
    problem = krm_problem(documents[0]) if documents else "resource must have `apiVersion`"
    return f'functionConfig "{path}": {problem}' if problem else ""
