"""Bad weather between the operator and its worlds, by a seeded choice.

Requests are cut off before they arrive or before their answer, arrive twice, or are overtaken by
later ones; watches end in the middle. Lease traffic is spared: an operator that loses its Lease
ends, and is then the business of the cluster that restarts it (`test_two_operators`).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.integration.operator.proxy import PASS, Asked, Treatment

_SPARED = "/apis/coordination.k8s.io/"
_LONGEST_DELAY = 0.15  # seconds; some passes' worth
_WATCHES_LAST = (1.0, 6.0)  # seconds


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of all requests; the rest passes."""

    lost: float = 0.03
    unheard: float = 0.03
    twice: float = 0.02
    late: float = 0.15


@dataclass(slots=True)
class Chaos:
    """The meddler of bad weather."""

    seed: str
    weather: Weather = Weather()
    is_calm: bool = False
    done: Counter[str] = field(default_factory=Counter)  # what was done, by kind
    _choice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._choice = random.Random(self.seed)  # noqa: S311  # repeatable on purpose

    def __call__(self, asked: Asked) -> Treatment:
        """Choose what becomes of one request."""
        if self.is_calm or _SPARED in asked.path:
            return PASS
        if asked.is_watch:
            return Treatment(lasts=self._choice.uniform(*_WATCHES_LAST))
        kind, treatment = self._choose()
        self.done[kind] += 1
        return treatment

    def _choose(self) -> tuple[str, Treatment]:
        dice, weather = self._choice.random(), self.weather
        for kind, share, treatment in (
            ("lost", weather.lost, Treatment(arrivals=0, is_answered=False)),
            ("unheard", weather.unheard, Treatment(is_answered=False)),
            ("twice", weather.twice, Treatment(arrivals=2)),
            ("late", weather.late, Treatment(delay=self._choice.uniform(0, _LONGEST_DELAY))),
        ):
            if dice < share:
                return kind, treatment
            dice -= share
        return "passed", PASS
