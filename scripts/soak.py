"""`make soak`: the long runs, and what came of them in bench/results/soak.json.

`make soak ONLY=races` runs those that pytest's `-k` selects. The file, in the format of all
results, says of each case whether its last run held and how long it took, and on which day and
commit that was: cases that did not run now keep what is said of them.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from bench.recording import commit, path_of, save
from bench.results import Better, Result
from bench.tables import table

ROOT = Path(__file__).resolve().parent.parent
SUITE = "soak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Result):
    """A result that may be older than others of its file."""

    commit: str
    day: str  # ISO 8601


class _Record(msgspec.Struct):
    results: list[Dated] = []


def main(arguments: list[str]) -> int:
    """Run, record, and end as pytest ended."""
    at, path = commit(), path_of(SUITE)
    with tempfile.TemporaryDirectory(prefix="porch-soak-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "soak", f"--junitxml={report}"]
        ended = subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode
        text = report.read_text() if report.exists() else "<testsuites/>"
    now = list(results_of(text, at=at, day=datetime.now(UTC).date().isoformat()))
    known = msgspec.json.decode(path.read_text(), type=_Record) if path.exists() else _Record()
    save(SUITE, merged(known.results, now))
    print(table(now))
    return ended


def merged(before: Sequence[Dated], now: Sequence[Dated]) -> list[Dated]:
    """What is known of all cases, by name; of those that ran now, what came of them now."""
    ran = {each.case for each in now}
    kept = [each for each in before if each.case not in ran]
    return sorted((*kept, *now), key=lambda each: each.case)


def results_of(report: str, *, at: str, day: str) -> Iterator[Dated]:
    """Of each case in a report of pytest's that was not skipped: whether it held, and seconds."""
    for each in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        if each.find("skipped") is not None:
            continue
        failed = each.find("failure") is not None or each.find("error") is not None
        yield from results(
            f"{each.get('classname', '').removeprefix('tests.')}.{each.get('name')}",
            held=not failed,
            seconds=float(each.get("time", "0")),
            at=at,
            day=day,
        )


def results(case: str, *, held: bool, seconds: float, at: str, day: str) -> tuple[Dated, Dated]:
    """What there is to say of one case."""
    return (
        Dated(
            case=case,
            metric="held",
            value=float(held),
            unit="",
            target=1.0,
            better=Better.HIGHER,
            commit=at,
            day=day,
        ),
        Dated(case=case, metric="took", value=round(seconds, 1), unit="s", commit=at, day=day),
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
