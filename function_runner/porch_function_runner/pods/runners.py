"""Which runners live: each holds a Lease of its own, and the pods of one that died are taken over.

State only; instants are seconds of our own clock: those of other machines may differ. A runner is
dead when its Lease was released, has not changed for the duration it states, or has not been there
for as long as a Lease lasts: the Lease and the pods of a new runner come by different watches, in
any order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from porch.api.meta import ObjectMeta

LEASE_PREFIX = "function-runner."  # no name of a pod has a dot


class LeaseSpec(msgspec.Struct, rename="camel"):
    """What is read of a Lease's specification."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None


class RunnerLease(msgspec.Struct):
    """The Lease of a runner."""

    metadata: ObjectMeta
    spec: LeaseSpec = msgspec.field(default_factory=LeaseSpec)


@dataclass(frozen=True, slots=True)
class _Sign:
    """The last sign of life of a runner."""

    version: str  # of its Lease; "" when it has none
    until: float  # it counts as alive until then


def lease_name(runner: str) -> str:
    """The name of a runner's Lease."""
    return f"{LEASE_PREFIX}{runner}"


def runner_of(lease: str) -> str | None:
    """Whose Lease has that name; None when it is no runner's."""
    return lease.removeprefix(LEASE_PREFIX) if lease.startswith(LEASE_PREFIX) else None


class Runners:
    """The signs of life of all runners in the namespace."""

    def __init__(self, lease_duration: timedelta, *, clock: Callable[[], float]) -> None:
        self._patience = lease_duration.total_seconds()  # with one of whom there is no Lease
        self._clock = clock
        self._signs: dict[str, _Sign] = {}

    def seen(self, lease: RunnerLease) -> None:
        """Take note of a Lease."""
        runner = runner_of(lease.metadata.name)
        if runner is None:
            return
        version = lease.metadata.resource_version
        known = self._signs.get(runner)
        if known is None or known.version != version:
            span = (lease.spec.lease_duration_seconds or 0) if lease.spec.holder_identity else 0
            self._signs[runner] = _Sign(version, self._clock() + span)

    def gone(self, lease: str) -> None:
        """A Lease was deleted."""
        self._signs.pop(runner_of(lease) or "", None)

    def left(self, runner: str) -> float:
        """Seconds for which a runner counts as alive if it gives no other sign; 0: it is dead."""
        if runner not in self._signs:
            self._signs[runner] = _Sign("", self._clock() + self._patience)
        return max(0.0, self._signs[runner].until - self._clock())
