"""`python -m bench.table [SUITE…]`: what was recorded, with targets and whether they are met."""

import sys

from bench.recording import recorded, suites
from bench.tables import table


def main() -> None:
    """Print the results of all suites, or of those that are named."""
    print("\n\n".join(_of(suite) for suite in sys.argv[1:] or suites()))


def _of(suite: str) -> str:
    found = recorded(suite)
    machine = ", ".join(f"{name} {value}" for name, value in found.machine.items())
    return f"{suite} at {found.commit} ({machine})\n\n{table(found.results)}"


if __name__ == "__main__":
    main()
