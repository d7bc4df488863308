"""What happened in a render: one record a function that ran, and the events as they came.

Pure values. Order is the order of execution. `error` of a run is set when the function could not
run or its answer could not be used; a function that failed has an exit code.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from porch.kpt.evaluate import ResultItem


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRun:
    """The outcome of one function; exactly one of `image` and `exec` is set."""

    image: str = ""
    exec: str = ""
    name: str = ""
    package: str = "."  # relative to the root
    validator: bool = False
    exit_code: int = 0
    stderr: str = ""
    results: tuple[ResultItem, ...] = ()
    error: str = ""

    @property
    def title(self) -> str:
        """The image or command line."""
        return self.image or self.exec

    @property
    def failed(self) -> bool:
        """Whether the function failed or could not be used."""
        return self.exit_code != 0 or self.error != ""


@dataclass(frozen=True, slots=True)
class PackageEntered:
    """The pipeline of a package begins."""

    display: str


@dataclass(frozen=True, slots=True)
class FunctionStarted:
    """A function begins; `selected` is None when it sees everything."""

    title: str
    selected: int | None


@dataclass(frozen=True, slots=True)
class FunctionPassed:
    """A function succeeded."""

    run: FunctionRun


@dataclass(frozen=True, slots=True)
class FunctionFailed:
    """A function failed, could not run, or its output cannot be used.

    `is_explained`: exit code, results and standard error say all; no other error text follows.
    """

    run: FunctionRun
    is_explained: bool


@dataclass(frozen=True, slots=True)
class PackageLeft:
    """The pipeline of a package ended well, having run at least one function."""


Event: TypeAlias = PackageEntered | FunctionStarted | FunctionPassed | FunctionFailed | PackageLeft
Report: TypeAlias = Callable[[Event], None]
