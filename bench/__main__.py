"""`make bench`: every suite, or those that are named: `python -m bench lifecycle`."""

import argparse
import importlib

from bench.timing import record, record_profile

SUITES = (
    "kpt",
    "merge",
    "functions",
    "runner",
    "git",
    "lifecycle",
    "stages",
    "users",
    "fleet",
    "lists",
    "repositories",
    "polling",
    "pods",
)
TIMED = ("lifecycle", "users", "fleet", "repositories")  # in several runs, also on another system
RUNS = 3


def main() -> None:
    """Run suites one after the other; each writes its own results."""
    parser = _parser()
    options = parser.parse_args()
    possible = TIMED if options.profile else SUITES
    if unknown := set(options.suites) - set(possible):
        parser.error(f"a suite must be one of {', '.join(possible)}; found {', '.join(unknown)}")
    if options.runs < 1:
        parser.error(f"--runs must be 1 or more, found {options.runs}")
    for suite in options.suites or possible:
        module = importlib.import_module(f"bench.bench_{suite}")
        if suite not in TIMED:
            module.main()
        elif options.profile:
            record_profile(module.SUITE)
        else:
            record(module.SUITE, options.runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure, and write bench/results/*.json. Another system is measured beside "
        "ours when the environment names one: see docs/how-to/measure.md.",
    )
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument(
        "--runs",
        type=int,
        default=RUNS,
        help=f"runs of {', '.join(TIMED)}; the median one is recorded (default: %(default)s)",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help=f"one run of {', '.join(TIMED)} under profilers; nothing is recorded",
    )
    return parser


if __name__ == "__main__":
    main()
