"""`porchctl pkg diff`: a package on disk against where it comes from, or against another directory.

local      what was changed here since the package was fetched
remote     what changed upstream since then
combined   what would still differ from the other version upstream
3way       local and remote, one after the other
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from porch.cli.errors import NoUpstream
from porch.cli.packages.difftext import diff_text
from porch.cli.packages.localpackage import LocalPackage, kptfile_of, read_content
from porch.cli.packages.progress import Progress
from porch.cli.packages.remotes import fetch_remotes, git_upstream
from porch.cli.packages.report import Report
from porch.cli.packages.upstreams import Fetched, Upstreams, shown_place
from porch.kpt.content import Content
from porch.kpt.diff.changes import Diff
from porch.kpt.diff.compare import compare
from porch.kpt.diff.report import diff_data
from porch.kpt.diff.unified import unified
from porch.kpt.kptfile import KPTFILE, GitRef
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.provenance import with_provenance
from porch.kpt.yaml.node import Data


class DiffType(StrEnum):
    """What is compared with what."""

    LOCAL = "local"
    REMOTE = "remote"
    COMBINED = "combined"
    THREE_WAY = "3way"


@dataclass(frozen=True, slots=True)
class Compared:
    """One difference, and what it is one of."""

    before: str
    after: str
    diff: Diff


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """How differences are told."""

    is_unified: bool
    tells_by_exit: bool  # exit code 1 when something differs


def diff_directories(before: str, after: str, options: DiffOptions, report: Report) -> int:
    """Two directories, as they are; the exit code."""
    diff = compare(read_content(before).content, read_content(after).content)
    return _tell([Compared(before, after, diff)], options, report)


def diff_upstream(
    directory: str, ref: str, kind: DiffType, *, options: DiffOptions, report: Report
) -> int:
    """A package against its upstream; the exit code."""
    package = read_content(directory)
    sides = _Sides(package, directory, Upstreams(Progress.on_stderr()))
    match kind:
        case DiffType.LOCAL:
            compared = [sides.between(sides.original(), sides.local())]
        case DiffType.REMOTE:
            compared = [sides.between(sides.original(), sides.target(ref))]
        case DiffType.COMBINED:
            compared = [sides.between(sides.target(ref), sides.local())]
        case DiffType.THREE_WAY:
            original = sides.original()
            compared = [
                sides.between(original, sides.local()),
                sides.between(original, sides.target(ref)),
            ]
    return _tell(compared, options, report)


_Side = tuple[str, Content]  # what it is called, and what is in it


class _Sides:
    """A package, and its upstream as `pkg get` would have written it under the same name."""

    def __init__(self, package: LocalPackage, shown: str, upstreams: Upstreams) -> None:
        self._package = package
        self._shown = shown
        self._upstreams = upstreams
        self._kptfile = kptfile_of(package.content, shown=shown)
        self._upstream = git_upstream(self._kptfile, shown)

    def local(self) -> _Side:
        """The package on disk."""
        return self._shown, ensure_merge_keys(self._package.content)

    def original(self) -> _Side:
        """What it was made from."""
        lock = self._kptfile.upstream_lock
        if lock is None or lock.git is None:
            raise NoUpstream(
                f"the Kptfile of {self._shown!r} must say what was fetched, in `upstreamLock.git`:"
                " `porchctl pkg update` fetches it"
            )
        return self._as_fetched(self._upstreams.at_commit(lock.git))

    def target(self, ref: str) -> _Side:
        """What upstream has, at `ref` or at what the Kptfile names."""
        wanted = replace(self._upstream, ref=ref or self._upstream.ref)
        return self._as_fetched(self._upstreams.fetch(wanted))

    def between(self, before: _Side, after: _Side) -> Compared:
        """What makes the one out of the other."""
        return Compared(before[0], after[0], compare(before[1], after[1]))

    def _as_fetched(self, found: Fetched) -> _Side:
        content = with_provenance(
            found.content,
            name=self._kptfile.name,
            upstream=self._kptfile.upstream,
            lock=self._kptfile.upstream_lock,
        )
        content, _ = fetch_remotes(content, self._fetch_inner)
        return _title(found.place), ensure_merge_keys(content)

    def _fetch_inner(self, directory: str, wanted: GitRef) -> Fetched:
        """A sub-package that upstream only names: at the commit that is here, if it is here."""
        if f"{directory}/{KPTFILE}" in self._package.content:
            kptfile = kptfile_of(self._package.content, directory)
            lock = kptfile.upstream_lock.git if kptfile.upstream_lock is not None else None
            if lock is not None and git_upstream(kptfile, directory) == wanted:
                return self._upstreams.at_commit(lock)
        return self._upstreams.fetch(wanted)


def _title(place: GitRef) -> str:
    return f"{shown_place(place)}@{place.ref}"


def _tell(compared: list[Compared], options: DiffOptions, report: Report) -> int:
    for number, each in enumerate(compared):
        if options.is_unified:
            report.text(unified(each.diff))
        else:
            report.text("\n" if number else "")
            report.line(f"{each.before} → {each.after}")
            report.text(diff_text(each.diff) or "No differences.\n")
    report.data({"differences": [_data(each, options) for each in compared]})
    return 1 if options.tells_by_exit and any(each.diff for each in compared) else 0


def _data(compared: Compared, options: DiffOptions) -> Data:
    text: dict[str, Data] = {"unified": unified(compared.diff)} if options.is_unified else {}
    return {
        "before": compared.before,
        "after": compared.after,
        **diff_data(compared.diff),
        **text,
    }
