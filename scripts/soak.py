"""`make soak`: the long runs, and what came of them in bench/results/soak.json.

Each test gives its seconds and whether it held; what failed is recorded as well. `make soak
ONLY=races` runs and records those that pytest's `-k` selects.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from bench.results import Better, Result, write

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run, record, and end as pytest ended."""
    with tempfile.TemporaryDirectory(prefix="porch-soak-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "soak", f"--junitxml={report}"]
        ended = subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode
        if report.exists():
            write("soak", list(_results(report)))
    return ended


def _results(report: Path) -> Iterator[Result]:
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by pytest
        if case.find("skipped") is not None:
            continue
        failed = case.find("failure") is not None or case.find("error") is not None
        name = f"{case.get('classname', '').removeprefix('tests.')}.{case.get('name')}"
        yield Result(name, "held", float(not failed), "", 1.0, Better.HIGHER)
        yield Result(name, "took", float(case.get("time", "0")), "s")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
