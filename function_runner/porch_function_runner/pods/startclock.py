"""How long the parts of a pod's start take, as they are seen from here.

State only. The parts of a start end when the pod exists, has a node, runs its wrapper (images are
pulled, the wrapper is placed), is ready, and is connected.
"""

from collections.abc import Callable

from porch_function_runner.pods.sighting import Milestone

_PARTS = {
    Milestone.CREATED: "create",
    Milestone.SCHEDULED: "schedule",
    Milestone.RUNNING: "prepare",
    Milestone.READY: "start",
}
_ORDER = list(_PARTS)


class StartClock:
    """The starts that are under way."""

    def __init__(self, observe: Callable[[str, float], None]) -> None:
        self._observe = observe  # part, seconds
        self._asked: dict[str, float] = {}
        self._reached: dict[str, tuple[int, float]] = {}  # number of the milestone, instant

    def asked(self, pod: str, now: float) -> None:
        """A pod was asked for."""
        self._asked[pod] = now
        self._reached[pod] = (-1, now)

    def reached(self, pod: str, milestone: Milestone, now: float) -> None:
        """A pod has come so far; of milestones that were passed at once the last has the time."""
        if pod not in self._reached:
            return
        number, since = self._reached[pod]
        if (reached := _ORDER.index(milestone)) > number:
            self._observe(_PARTS[milestone], now - since)
            self._reached[pod] = (reached, now)

    def connected(self, pod: str, now: float) -> None:
        """A start has ended well."""
        if pod in self._reached:
            self._observe("connect", now - self._reached[pod][1])
            self._observe("total", now - self._asked[pod])
        self.forget(pod)

    def forget(self, pod: str) -> None:
        """A start is over, or will never be."""
        self._asked.pop(pod, None)
        self._reached.pop(pod, None)
