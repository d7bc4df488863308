"""The one format of benchmark results, and the machine they were taken on.

Writes bench/results/<suite>.json as {"machine", "commit", "results": [{"case", "metric", "value",
"unit", "target", "better"}]} and prints a table of the same. `target` is None where nothing is
promised.
"""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


class Better(StrEnum):
    """Which direction of a value is good."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value."""

    case: str
    metric: str
    value: float
    unit: str
    target: float | None = None
    better: Better = Better.LOWER

    @property
    def verdict(self) -> str:
        """Whether the target was met; "" when there is none."""
        if self.target is None:
            return ""
        is_met = (
            self.value <= self.target if self.better is Better.LOWER else self.value >= self.target
        )
        return "met" if is_met else "MISSED"


def machine() -> dict[str, str | int]:
    """What the numbers depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def commit() -> str:
    """The commit that was measured, with "+" behind it when files were changed since."""
    here = RESULTS.parent
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()


def write(suite: str, results: Sequence[Result]) -> Path:
    """Write the suite's file and print its table; the path of the file."""
    path = RESULTS / f"{suite}.json"
    document = {
        "machine": machine(),
        "commit": commit(),
        "results": [{**asdict(result), "value": round(result.value, 4)} for result in results],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
    print(table(results))
    return path


def table(results: Sequence[Result]) -> str:
    """Results for people."""
    rows = [("case", "metric", "value", "target", "")]
    for each in results:
        target = "" if each.target is None else f"{each.target:g} {each.unit}"
        value = f"{each.value:.4g} {each.unit}"
        rows.append((each.case, each.metric, value, target, each.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()
