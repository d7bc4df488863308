"""`python -m bench.diff COMMIT [SUITE…]`: recorded results of a commit beside those of today."""

import subprocess
import sys

from bench.recording import RESULTS, Recorded, path_of, read, recorded, suites
from bench.tables import side_by_side


def main() -> None:
    """Print both, of all suites that are recorded, or of those that are named."""
    if len(sys.argv) < 2:
        raise SystemExit("python -m bench.diff COMMIT [SUITE…]: a commit must be named")
    commit = sys.argv[1]
    print("\n\n".join(_of(suite, commit) for suite in sys.argv[2:] or suites()))


def _of(suite: str, commit: str) -> str:
    columns = {commit: _at(commit, suite).results, "now": recorded(suite).results}
    return f"{suite}\n\n{side_by_side(columns)}"


def _at(commit: str, suite: str) -> Recorded:
    """What a commit has recorded of a suite."""
    place = f"{commit}:./{path_of(suite).name}"
    shown = subprocess.run(
        ["git", "show", place], cwd=RESULTS, capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        raise SystemExit(f"git show {place}: {shown.stderr.strip()}")
    return read(shown.stdout)


if __name__ == "__main__":
    main()
