"""`make bench`: every suite, or those that are named: `python -m bench lifecycle`."""

import importlib
import sys

SUITES = (
    "kpt",
    "merge",
    "functions",
    "runner",
    "git",
    "lifecycle",
    "users",
    "fleet",
    "repositories",
    "pods",
)


def main() -> None:
    """Run suites one after the other; each writes its own results."""
    for suite in sys.argv[1:] or SUITES:
        importlib.import_module(f"bench.bench_{suite}").main()


if __name__ == "__main__":
    main()
