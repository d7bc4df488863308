"""`make soak`: the long runs, and what came of them in bench/results/soak.json.

`make soak ONLY=races` runs those that pytest's `-k` selects. The file says of each case what its
last run has shown, whether it held or not, and keeps what it says of cases that did not run now:
{"runs": [{"machine", "commit", "day", "cases": {case: {"held", "seconds"}}}]}, newest run last.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from bench.recording import RESULTS, commit, machine

ROOT = Path(__file__).resolve().parent.parent
RECORD = RESULTS / "soak.json"


@dataclass(frozen=True, slots=True)
class Case:
    """What came of one long run."""

    held: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """Cases that ran together; what they depend on, and what came of each by its name."""

    machine: Mapping[str, str | int]
    commit: str
    day: str  # ISO 8601
    cases: Mapping[str, Case]


def main(arguments: list[str]) -> int:
    """Run, record, and end as pytest ended."""
    described = commit()
    with tempfile.TemporaryDirectory(prefix="porch-soak-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "soak", f"--junitxml={report}"]
        ended = subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode
        cases = cases_of(report.read_text()) if report.exists() else {}
    run = Run(machine(), described, datetime.now(UTC).date().isoformat(), cases)
    before = runs_of(RECORD.read_text()) if RECORD.exists() else []
    runs = [asdict(each) for each in with_run(before, run)]
    RECORD.write_text(json.dumps({"runs": runs}, indent=2) + "\n")
    return ended


def with_run(before: Sequence[Run], run: Run) -> list[Run]:
    """All runs, each left with the cases that no later run has had; runs without any go."""
    kept = []
    for each in before:
        cases = {name: case for name, case in each.cases.items() if name not in run.cases}
        kept.append(Run(each.machine, each.commit, each.day, cases))
    return [each for each in (*kept, run) if each.cases]


def cases_of(report: str) -> dict[str, Case]:
    """The cases in a report of pytest's, without those that were skipped."""
    cases = {}
    for each in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        if each.find("skipped") is not None:
            continue
        failed = each.find("failure") is not None or each.find("error") is not None
        name = f"{each.get('classname', '').removeprefix('tests.')}.{each.get('name')}"
        cases[name] = Case(not failed, round(float(each.get("time", "0")), 1))
    return cases


def runs_of(record: str) -> list[Run]:
    """The runs that a record tells of."""
    return [
        Run(**each | {"cases": {name: Case(**case) for name, case in each["cases"].items()}})
        for each in json.loads(record)["runs"]
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
