"""Kills a process at a chosen effect: crash points without any help by the process.

Counts the writes that concern one package: requests that change objects (Events and Leases are not
effects) and pushes. At the chosen one the process is killed: the write has been carried out and
its answer is never heard, or it never arrives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from tests.integration.operator.proxy import PASS, Asked, Treatment

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_EFFECTS = ("/apis/events.k8s.io/", "/apis/coordination.k8s.io/", "/git-upload-pack")


class Moment(StrEnum):
    """When a process is killed, seen from one of its writes."""

    BEFORE = "before it arrives"
    AFTER = "after it was carried out, before the answer"


class Killer:
    """The meddler that kills."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill = kill
        self._package = b""
        self._point = 0
        self._moment = Moment.AFTER
        self.effects: list[str] = []  # of the package, since it was armed
        self.fired = threading.Event()

    def arm(self, package: str, point: int, moment: Moment = Moment.AFTER) -> None:
        """Kill at effect number `point` of this package, counted from now; 0: only count."""
        self.effects = []
        self.fired.clear()
        self._package, self._point, self._moment = package.encode(), point, moment

    def disarm(self) -> None:
        """Only pass on."""
        self.arm("\0", 0)

    def __call__(self, asked: Asked) -> Treatment:
        """Pass everything on but the request to die at."""
        if not self._is_effect(asked):
            return PASS
        self.effects.append(f"{asked.method} {asked.path}")
        if len(self.effects) != self._point:
            return PASS
        arrivals = 0 if self._moment is Moment.BEFORE else 1
        return Treatment(arrivals=arrivals, is_answered=False, afterwards=self._fire)

    def _is_effect(self, asked: Asked) -> bool:
        if self.fired.is_set() or asked.method not in _WRITES:
            return False
        if any(each in asked.path for each in _NOT_EFFECTS):
            return False
        return self._package in asked.path.encode() or self._package in asked.body

    def _fire(self) -> None:
        self._kill()
        self.fired.set()
