"""Conditions: one table of reasons, and times that move only with the status."""

from datetime import UTC, datetime, timedelta

from porch.api.conditions import ConditionType, Reason, Verdict, find, settle
from porch.api.meta import Condition, ConditionStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def condition(
    status: ConditionStatus,
    *,
    at: datetime = NOON,
    message: str = "",
    type_: str = "Ready",
    generation: int = 1,
) -> Condition:
    return Condition(
        type=type_,
        status=status,
        reason="Ready",
        message=message,
        last_transition_time=at,
        observed_generation=generation,
    )


def ready(status: ConditionStatus, message: str = "") -> Verdict:
    return Verdict(ConditionType.READY, status, Reason.READY, message)


def test_the_time_of_the_transition_moves_with_the_status() -> None:
    """kubectl and dashboards show since when a state holds."""
    before = [condition(ConditionStatus.FALSE)]
    (settled,) = settle(before, [ready(ConditionStatus.TRUE)], generation=1, now=LATER)

    assert settled.last_transition_time == LATER


def test_the_time_of_the_transition_stays_when_only_the_message_changes() -> None:
    """A retry that fails again did not become a new failure."""
    before = [condition(ConditionStatus.FALSE)]
    (settled,) = settle(before, [ready(ConditionStatus.FALSE, "again")], generation=2, now=LATER)

    assert settled == condition(ConditionStatus.FALSE, message="again", at=NOON, generation=2)


def test_a_new_condition_begins_now() -> None:
    """There is nothing before it."""
    (settled,) = settle([], [ready(ConditionStatus.TRUE)], generation=1, now=LATER)

    assert settled.last_transition_time == LATER


def test_a_condition_that_is_not_found_any_more_goes() -> None:
    """kstatus wants `Stalled` to be absent rather than False."""
    before = [condition(ConditionStatus.TRUE, type_="Stalled")]

    assert settle(before, [], generation=1, now=LATER) == []


def test_a_condition_is_found_by_its_type() -> None:
    """None when nobody said anything yet."""
    said = condition(ConditionStatus.TRUE)

    assert find([condition(ConditionStatus.TRUE, type_="Stalled"), said], "Ready") is said
    assert find([], "Ready") is None
