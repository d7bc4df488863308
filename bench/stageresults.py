"""What is told of the stages of a life cycle: times by place, requests by asker, work by queue.

Pure. All values are means a package: they add up, where medians would not.
"""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.audit import Request
from bench.breakdown import Interval, Step, package_of, stay, step_at
from bench.living import STEPS
from bench.queues import Work
from bench.results import Result

CLIENT = "admin"  # the user of the bench; whoever else asks for our kinds is the operator
EACH = "a package"
REFUSED = 400  # HTTP statuses from here on


@dataclass(frozen=True, slots=True)
class GitRequest:
    """One request to the git server."""

    what: str  # method and service
    began: float  # seconds since the epoch
    took: float  # seconds

    @property
    def interval(self) -> Interval:
        return self.began, self.began + self.took


@dataclass(frozen=True, slots=True)
class Observed:
    """A workload, and what was seen of it."""

    case: str
    packages: Mapping[str, Sequence[Step]]  # by `<repository>.<package>`; instants since the epoch
    git: Sequence[GitRequest]
    lives: int  # packages, those to warm up included
    cpu: Mapping[str, float]  # seconds a package, by process
    queues: Sequence[Work]


def of_one_user(seen: Observed, asked: Sequence[Request]) -> Iterator[Result]:
    """One package after the other: what git is asked meanwhile is for that package."""
    steps = [step for package in seen.packages.values() for step in package]
    git = [each.interval for each in seen.git]
    yield from _stays(seen, asked, git)
    yield from _requests(seen, asked)
    counts = Counter((step_at(steps, each.began), each.what) for each in seen.git)
    for (step, what), count in sorted(counts.items(), key=str):
        if step is not None:  # None: to warm up
            case = f"{seen.case}: {step}: requests to git"
            yield Result(case, what, count / len(seen.packages), EACH)
    yield from _latencies(seen, asked)
    yield from _inside(seen)


def of_users(seen: Observed, asked: Sequence[Request]) -> Iterator[Result]:
    """Packages at the same time: for which of them git is asked is not known."""
    yield from _stays(seen, asked, ())
    yield from _requests(seen, asked)
    for what, count in sorted(Counter(each.what for each in seen.git).items()):
        yield Result(f"{seen.case}: requests to git", what, count / seen.lives, EACH)
    yield from _latencies(seen, asked)
    yield from _inside(seen)


def _stays(seen: Observed, asked: Sequence[Request], git: Sequence[Interval]) -> Iterator[Result]:
    """Where each step was, until it was seen."""
    api: dict[str, list[Interval]] = {}
    for each in asked:
        if package := package_of(each.resource, each.name):
            api.setdefault(package, []).append((each.began, each.ended))
    for name in STEPS:
        stays = [
            stay(step, git=git, api=api.get(package, ()))
            for package, steps in seen.packages.items()
            for step in steps
            if step.name == name
        ]
        case, mean = f"{seen.case}: {name}", statistics.mean
        yield Result(case, "mean", 1000 * mean(each.whole for each in stays), "ms")
        yield Result(case, "in the API server", 1000 * mean(each.api for each in stays), "ms")
        if git:
            yield Result(case, "in git", 1000 * mean(each.git for each in stays), "ms")
        yield Result(case, "elsewhere", 1000 * mean(each.elsewhere for each in stays), "ms")


def _requests(seen: Observed, asked: Sequence[Request]) -> Iterator[Result]:
    """How many requests each step costs, and all of them."""
    counts = Counter((step, _called(each)) for step, each in _about(seen, asked))
    lives = len(seen.packages)
    for step in STEPS:
        case = f"{seen.case}: {step}: API requests"
        of_step = {what: count for (at, what), count in counts.items() if at == step}
        yield Result(case, "all", sum(of_step.values()) / lives, EACH)
        for what, count in sorted(of_step.items()):
            yield Result(case, what, count / lives, EACH)
    yield Result(f"{seen.case}: API requests", "all", counts.total() / lives, EACH)


def _latencies(seen: Observed, asked: Sequence[Request]) -> Iterator[Result]:
    """How long the servers took for a request of each sort."""
    took: dict[tuple[str, str], list[float]] = {}
    for _, request in _about(seen, asked):
        sort = "API request, mean", _called(request)
        took.setdefault(sort, []).append(request.ended - request.began)
    for each in seen.git:
        took.setdefault(("request to git, mean", each.what), []).append(each.took)
    for (case, what), seconds in sorted(took.items()):
        yield Result(f"{seen.case}: {case}", what, 1000 * statistics.mean(seconds), "ms")


def _about(seen: Observed, asked: Sequence[Request]) -> Iterator[tuple[str, Request]]:
    """The requests that are about the packages, with their steps."""
    for each in asked:
        package = package_of(each.resource, each.name)
        step = step_at(seen.packages.get(package or "", ()), each.began)
        if step is not None:
            yield step, each


def _called(request: Request) -> str:
    who = "client" if request.user == CLIENT else "operator"
    what = f"{who}: {request.verb} {request.resource}"
    return what if request.code < REFUSED else f"{what} ({request.code})"


def _inside(seen: Observed) -> Iterator[Result]:
    """What the processes used, and the operator's queues."""
    for process, seconds in seen.cpu.items():
        yield Result(seen.case, f"CPU of the {process}", 1000 * seconds, "ms a package")
    for each in seen.queues:
        case = f"{seen.case}: queue {each.queue}"
        yield Result(case, "passes", each.passes / seen.lives, EACH)
        yield Result(case, "wait, mean", 1000 * each.wait, "ms")
        yield Result(case, "pass, mean", 1000 * each.took, "ms")
