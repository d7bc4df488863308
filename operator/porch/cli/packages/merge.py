"""`porchctl pkg merge`: three directories merged as an upgrade merges them, without any git."""

import os
from dataclasses import dataclass
from pathlib import Path

from porch.cli.errors import BadArguments
from porch.cli.newdirectory import write_new
from porch.cli.packages.difftext import summary_line
from porch.cli.packages.localpackage import LocalPackage, package_root, read_content
from porch.cli.packages.report import Report, conflict_data
from porch.cli.packages.rewriting import exclusive, rewrite
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content
from porch.kpt.diff.compare import compare
from porch.kpt.diff.report import diff_data
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.merge.sides import Three
from porch.kpt.merge.upgrade import Strategy, Upgraded, upgrade

CONFLICTS = 2  # exit code: merged, and both sides had changed the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Three directories, and where the result goes."""

    original: str
    upstream: str
    local: str
    output: str  # "" = into local
    strategy: Strategy
    mode: Compatibility


def merge_directories(merge: Merge, report: Report) -> int:
    """Merge them; the exit code."""
    if merge.output and os.path.lexists(merge.output):
        raise BadArguments(f"output directory {merge.output!r} must not exist yet")
    original, updated = (read_content(each).content for each in (merge.original, merge.upstream))
    if merge.output:
        local = read_content(merge.local)
        result = _merged(original, updated, local.content, merge)
        write_new(Path(merge.output).absolute(), result.content)
    else:
        with exclusive(package_root(merge.local)):
            local = read_content(merge.local)
            result = _merged(original, updated, local.content, merge)
            rewrite(local, result.content)
    _tell(merge, local, result, report)
    return CONFLICTS if result.conflicts else 0


def _merged(original: Content, updated: Content, local: Content, merge: Merge) -> Upgraded:
    sides = Three(original, updated, local)
    if merge.mode is Compatibility.KPT:
        sides = sides.map(lambda side: ensure_merge_keys(side, mode=merge.mode))
    result = upgrade(*sides, strategy=merge.strategy, mode=merge.mode)
    return Upgraded(ensure_merge_keys(result.content, mode=merge.mode), result.conflicts)


def _tell(merge: Merge, local: LocalPackage, result: Upgraded, report: Report) -> None:
    diff = compare(local.content, result.content)
    where = merge.output or merge.local
    if diff:
        report.line(f"Merged into {where}. {summary_line(diff)}")
    else:
        report.line(f"{where} has all of it already.")
    report.conflicts(result.conflicts)
    report.data(
        {
            "directory": where,
            "changes": diff_data(diff),
            "conflicts": [conflict_data(each) for each in result.conflicts],
        }
    )
