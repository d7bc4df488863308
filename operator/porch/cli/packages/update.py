"""`porchctl pkg update`: what upstream has become, brought into a package on disk.

The package and its Kptfile change at the very end, together, or not at all. Sub-packages with an
upstream of their own follow: those of the same repository and reference as the package go where it
goes, others to what they name themselves.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from posixpath import dirname

from porch.cli.errors import BadArguments
from porch.cli.packages.difftext import summary_line
from porch.cli.packages.localpackage import LocalPackage, kptfile_of, package_root, read_content
from porch.cli.packages.progress import Progress
from porch.cli.packages.remotes import check_cycle, check_machine, git_upstream
from porch.cli.packages.report import Report, conflict_data, place_data
from porch.cli.packages.rewriting import exclusive, rewrite
from porch.cli.packages.upstreams import Fetched, Upstreams
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content
from porch.kpt.diff.compare import compare
from porch.kpt.diff.report import diff_data
from porch.kpt.files import package_directories
from porch.kpt.kptfile import KPTFILE, GitRef, Kptfile, Upstream, UpstreamLock
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.merge.sides import Three
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.provenance import with_provenance
from porch.kpt.subtrees import subtree, with_subtree
from porch.kpt.yaml.node import Data

_NOTHING = Content({})


@dataclass(frozen=True, slots=True)
class Goal:
    """What a package is to be updated to; "" is what its Kptfile says."""

    ref: str = ""
    strategy: str = ""
    mode: Compatibility = Compatibility.DEFAULT


@dataclass(frozen=True, slots=True)
class Step:
    """One package that was updated."""

    directory: str
    before: GitRef | None  # None = it had not been fetched
    after: GitRef
    strategy: Strategy


@dataclass(slots=True)
class Update:
    """The package while it is being updated."""

    content: Content
    steps: list[Step] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def update_package(directory: str, goal: Goal, report: Report) -> int:
    """Update it; the exit code."""
    root = package_root(directory)
    progress = Progress.on_stderr()
    with exclusive(root):
        package = read_content(root)
        update = updated(package, directory, goal, Upstreams(progress))
        rewrite(package, update.content)
    _tell(report, Path(directory), package.content, update)
    return 0


def updated(package: LocalPackage, shown: str, goal: Goal, upstreams: Upstreams) -> Update:
    """The content of a package after the update; nothing is written."""
    update = Update(package.content)
    before = git_upstream(kptfile_of(package.content, shown=shown), shown)
    _update_one(update, "", goal, upstreams)
    queue = deque(_remotes_below(update.content, ""))
    while queue:
        inner = queue.popleft()
        own = git_upstream(kptfile_of(update.content, inner), inner)
        check_cycle(update.content, inner, own)
        if f"{inner}/{KPTFILE}" not in package.content:  # upstream named it, not we
            check_machine(update.content, inner, own)
        wish = goal if _follows(own, before) else Goal(mode=goal.mode)
        _update_one(update, inner, wish, upstreams)
        queue += _remotes_below(update.content, inner)
    update.content = ensure_merge_keys(update.content, mode=goal.mode)
    return update


def _update_one(update: Update, directory: str, goal: Goal, upstreams: Upstreams) -> None:
    package = subtree(update.content, directory)
    kptfile = kptfile_of(update.content, directory)
    upstream = git_upstream(kptfile, directory or ".")
    found = upstreams.fetch(replace(upstream, ref=goal.ref or upstream.ref))
    lock = kptfile.upstream_lock.git if kptfile.upstream_lock is not None else None
    original = upstreams.at_commit(lock).content if lock is not None else _NOTHING
    strategy = _strategy(goal, kptfile)
    name, mode = kptfile.name, goal.mode
    wish = Upstream("git", replace(found.place, commit=""), str(strategy))
    local = with_provenance(package, name=name, upstream=wish, mode=mode)
    if mode is Compatibility.KPT:
        sides = Three(original, found.content, local)
        sides = sides.map(lambda side: ensure_merge_keys(side, mode=mode))
    else:
        sides = Three(original, _as_package(found, name), local)
    result = upgrade(*sides, strategy=strategy, mode=mode)
    new_lock = UpstreamLock("git", found.place)
    new = with_provenance(result.content, name=name, lock=new_lock, mode=mode)
    update.content = with_subtree(update.content, directory, new)
    update.steps.append(Step(directory, lock, found.place, strategy))
    prefix = f"{directory}/" if directory else ""
    update.conflicts += [replace(each, path=prefix + each.path) for each in result.conflicts]
    update.left_out += [prefix + path for path in found.left_out]


def _as_package(found: Fetched, name: str) -> Content:
    """What was fetched, with a Kptfile also where it has none."""
    return found.content if KPTFILE in found.content else with_provenance(found.content, name=name)


def _strategy(goal: Goal, kptfile: Kptfile) -> Strategy:
    own = kptfile.upstream.update_strategy if kptfile.upstream is not None else ""
    wanted = goal.strategy or own or str(Strategy.RESOURCE_MERGE)
    if wanted not in set(Strategy):
        raise BadArguments(
            f"`upstream.updateStrategy` of {kptfile.name!r} must be one of {', '.join(Strategy)},"
            f" found {wanted!r}: correct it, or name one with --strategy"
        )
    return Strategy(wanted)


def _follows(own: GitRef, root: GitRef) -> bool:
    """Whether a sub-package comes from below where its package comes from, at the same place."""
    start = f"/{root.directory.strip('/')}/".replace("//", "/")
    is_below = f"/{own.directory.strip('/')}/".startswith(start)
    return _plain(own.repo) == _plain(root.repo) and own.ref == root.ref and is_below


def _plain(repo: str) -> str:
    return repo.rstrip("/").removesuffix(".git")


def _remotes_below(content: Content, outer: str) -> Iterator[str]:
    """Packages with an upstream that are in no other such package below `outer`."""
    directories = [each for each in package_directories(content) if each != outer]
    remotes = {
        each
        for each in directories
        if (kptfile_of(content, each).upstream or Upstream()).git is not None
    }
    for each in sorted(remotes):
        around = dirname(each)
        while around not in ("", outer) and around not in remotes:
            around = dirname(around)
        if around == outer:
            yield each


def _tell(report: Report, directory: Path, before: Content, update: Update) -> None:
    diff = compare(before, update.content)
    for step in update.steps:
        report.line(_step_line(step, directory))
    for path in update.left_out:
        report.line(f"left out {path}: a link that leads out of its package")
    if diff:
        report.line(summary_line(diff))
    report.conflicts(update.conflicts)
    if update.conflicts:
        report.line(
            "Where both had changed the same, look at what was taken, and edit it if need be."
        )
    report.data(
        {
            "directory": str(directory),
            "packages": [_step_data(each) for each in update.steps],
            "changes": diff_data(diff),
            "conflicts": [conflict_data(each) for each in update.conflicts],
            "leftOut": list(update.left_out),
        }
    )


def _step_line(step: Step, directory: Path) -> str:
    after = f"{step.after.ref} ({step.after.commit[:7]})"
    where = str(directory / step.directory)
    if step.before is None:
        return f"Fetched {where} at {after}"
    if step.before.commit == step.after.commit and step.before.ref == step.after.ref:
        return f"{where} is at {after} already"
    before = f"{step.before.ref} ({step.before.commit[:7]})"
    return f"Updated {where} from {before} to {after} by {step.strategy}"


def _step_data(step: Step) -> Data:
    return {
        "path": step.directory or ".",
        "before": None if step.before is None else place_data(step.before),
        "after": place_data(step.after),
        "strategy": str(step.strategy),
    }
