"""One measured value, and whether it keeps what was promised. Pure."""

from dataclasses import dataclass
from enum import StrEnum


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
