"""Where the time of a step goes, and what a step asks of the API server and of git.

Pure. A request is about a package when its object's name begins with `<repository>.<package>`; it
belongs to the step of that package that began last before it, so what the operator does after the
step was seen (a push, an Event) still counts as the step's. Time is counted only until the step was
seen: in git, else in the API server, else elsewhere (the operator computes or waits, the watch
delivers). Requests at the same time are counted once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RESOURCES = ("packagerevisions", "packagerevisionresources", "packages", "events")

Interval = tuple[float, float]  # begin and end, seconds of one clock


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one package, from the client's write until it was seen."""

    name: str
    span: Interval


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a step took, and where it was meanwhile; seconds."""

    whole: float
    git: float
    api: float

    @property
    def elsewhere(self) -> float:
        """Neither in git nor in the API server."""
        return self.whole - self.git - self.api


def stay(step: Step, *, git: Sequence[Interval], api: Sequence[Interval]) -> Stay:
    """Where a step was."""
    begin, end = step.span
    in_git = covered(step.span, git)
    return Stay(end - begin, in_git, covered(step.span, [*git, *api]) - in_git)


def covered(span: Interval, intervals: Iterable[Interval]) -> float:
    """How much of a span the intervals cover together."""
    reached, end = span
    total = 0.0
    for first, last in sorted(intervals):
        begun, ended = max(first, reached), min(last, end)
        if ended > begun:
            total += ended - begun
            reached = ended
    return total


def step_at(steps: Sequence[Step], instant: float) -> str | None:
    """The step that began last before an instant, of steps in order; None before the first."""
    number = bisect_right(steps, instant, key=lambda step: step.span[0])
    return steps[number - 1].name if number else None


def package_of(resource: str, name: str) -> str | None:
    """`<repository>.<package>` that a request is about; None when it is about none."""
    parts = name.split(".")
    if resource.partition("/")[0] not in RESOURCES or len(parts) < 2:
        return None
    return ".".join(parts[:2])
