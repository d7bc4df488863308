"""Whatever the order of edits, wishes, crashes and other people's pushes, nothing is lost."""

from collections.abc import Iterable

import pytest

from tests.unit.engine.simulation import Simulation

STEPS = 80


def outcomes(seeds: Iterable[int]) -> list[str]:
    """What went wrong, with the seed that shows it again."""
    found: list[str] = []
    for seed in seeds:
        simulation = Simulation(seed)
        try:
            simulation.run(STEPS)
        except Exception as err:  # noqa: BLE001 - every failure is told with its seed
            found.append(f"seed {seed}: {type(err).__name__}: {err}")
    return found


def test_no_interleaving_loses_an_edit_or_publishes_what_was_not_rendered() -> None:
    """A slice of the whole run; a failing seed is replayed by `Simulation(seed).run(80)`."""
    assert outcomes(range(300)) == []


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_no_interleaving_of_many_loses_an_edit_or_publishes_what_was_not_rendered() -> None:
    """Rare orders, such as a crash between two effects while a push is on the wire, need many."""
    assert outcomes(range(300, 60_000)) == []


def test_the_simulation_reaches_every_state_and_every_way_to_halt() -> None:
    """A simulation in which little happens proves little."""
    words: set[str] = set()
    for seed in range(120):
        simulation = Simulation(seed)
        simulation.run(STEPS)
        words |= {part for line in simulation.log for part in line.replace(":", " ").split()}

    for reached in ("Published", "Proposed", "DeletionProposed", "DraftMoved", "RenderFailed"):
        assert reached in words
    for happened in ("killed", "refused", "late", "outsider", "labels", "objects.remove"):
        assert happened in words
