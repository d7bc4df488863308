"""How a render ended, as values.

Pure. `files` are complete: what the package is to be, files that are no resources included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from porch.errors import PorchError
from porch.kpt.runs import FunctionRun
from porch.kpt.yaml.node import Node

FileData: TypeAlias = str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Every function succeeded."""

    files: Mapping[str, FileData]
    resources: frozenset[str]  # paths of the files that hold resources
    changed: frozenset[str]  # paths that were there and are different now
    generated: frozenset[str]  # paths that were not there
    removed: frozenset[str]  # paths that are gone
    functions: tuple[FunctionRun, ...] = ()
    packages: int = 1  # rendered, the root included
    items: tuple[Node, ...] = ()  # with paths from the root; only when asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFailed:
    """The package or one of its functions is at fault; the package given is unchanged.

    `files` is what kpt would leave on disk: the input, or with the annotation
    kpt.dev/save-on-render-failure what was made until then; in both the Kptfile tells the failure.
    """

    error: str  # the whole text, in kpt's nesting of operations
    message: str  # its last part: what is wrong
    cause: PorchError
    files: Mapping[str, FileData]
    functions: tuple[FunctionRun, ...] = ()
    package: str = "."  # relative to the root
    root: str = ""  # absolute path of the root package
    function: str = ""  # image or command line; "" when no function is at fault
    has_begun: bool = True  # whether the root's Kptfile could be used at all
