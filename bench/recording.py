"""The one format of benchmark results, and the machine they were taken on.

Writes bench/results/<suite>.json as {"machine", "commit", "results": [{"case", "metric", "value",
"unit", "target", "better"}]}, with "runs" where the results are of one of several, and prints a
table of the same. `target` is None where nothing is promised.
"""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from bench.results import Result
from bench.tables import table

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Runs:
    """Of which runs the results are."""

    count: int
    median_by: Sequence[str]  # what the median run was chosen by, one entry a workload


class Recorded(msgspec.Struct):
    """A file of results."""

    machine: dict[str, str | int]
    commit: str
    results: list[Result]


def machine() -> dict[str, str | int]:
    """What the numbers depend on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "git": _git_version(),
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


def write(suite: str, results: Sequence[Result], *, runs: Runs | None = None) -> None:
    """Write the suite's file and print its table."""
    save(suite, results, runs=runs)
    print(table(results))


def save(suite: str, results: Sequence[Result], *, runs: Runs | None = None) -> None:
    """Write the suite's file."""
    path = path_of(suite)
    document = {
        "machine": machine(),
        "commit": commit(),
        **({"runs": asdict(runs)} if runs is not None else {}),
        "results": [{**asdict(result), "value": round(result.value, 4)} for result in results],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def path_of(suite: str) -> Path:
    """Where the results of a suite are."""
    return RESULTS / f"{suite}.json"


def suites() -> list[str]:
    """What has been measured."""
    return sorted({path.stem for path in RESULTS.glob("*.json")})


def recorded(suite: str) -> Recorded:
    """What was measured last."""
    path = path_of(suite)
    if not path.exists():
        raise SystemExit(f"{path} must exist: measure it with `python -m bench {suite}`")
    return read(path.read_text())


def read(text: str) -> Recorded:
    """What a file of results says."""
    return msgspec.json.decode(text, type=Recorded)


def _git_version() -> str:
    said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[2]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()
