"""When a Repository is listed in full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from porch.api.repository import RepositorySync
from porch.controllers.schedules import FULL_SYNC, ScheduleInvalid, Sync, next_due, sync_of

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/10 * * * *", "2026-03-28T12:10"),
        ("30 2 * * *", "2026-03-29T02:30"),
        ("0 0 1 JAN *", "2027-01-01T00:00"),
        ("0 9 * * MON-FRI", "2026-03-30T09:00"),
        ("@hourly", "2026-03-28T13:00"),
        ("@midnight", "2026-03-29T00:00"),
        ("@every 1h30m", "2026-03-28T13:30"),
        ("@every 1s", "2026-03-28T12:00:10"),
        ("TZ=Asia/Tokyo 0 9 * * *", "2026-03-29T00:00"),
        ("CRON_TZ=Europe/Berlin 30 3 * * *", "2026-03-29T01:30"),  # the night that has no 2:30
    ],
)
def test_a_schedule_names_its_next_time(schedule: str, expected: str) -> None:
    """As the existing system reads them; in UTC, unless it names a zone."""
    assert next_due(schedule, NOON) == at(expected)


@pytest.mark.parametrize(
    "schedule",
    ["soon", "* * * *", "0 0 * * * *", "61 * * * *", "0 0 30 FEB *", "@every", "TZ=Moon 0 * * * *"],
)
def test_a_schedule_that_cannot_be_read_is_told(schedule: str) -> None:
    """With what was found, and what happens meanwhile."""
    with pytest.raises(ScheduleInvalid, match="once an hour meanwhile"):
        next_due(schedule, NOON)


def due(
    *,
    schedule: str = "",
    once: datetime | None = None,
    last: datetime | None = NOON - timedelta(minutes=10),
    observed: datetime | None = None,
) -> Sync:
    """What is due at noon."""
    wanted = RepositorySync(schedule=schedule, run_once_at=once)
    return sync_of(wanted, last_full=last, observed=observed, now=NOON)


def test_the_first_listing_of_a_process_is_a_full_one() -> None:
    """It knows nothing yet."""
    assert due(last=None) == Sync(True, None, NOON + FULL_SYNC, NOON + FULL_SYNC)


def test_without_a_schedule_it_is_once_an_hour() -> None:
    """Pushes are noticed by polling; this one proves that nothing was missed."""
    assert not due().is_due
    assert due(last=NOON - HOUR).is_due


def test_a_schedule_takes_the_place_of_the_hour() -> None:
    """In both directions."""
    assert due(schedule="55 11 * * *").is_due
    assert due(schedule="0 3 * * *", last=NOON - 2 * HOUR) == Sync(
        False, None, at("2026-03-29T03:00"), at("2026-03-29T03:00")
    )


def test_what_was_missed_is_made_up_for_once() -> None:
    """An operator that was down for a day does not list a hundred times."""
    found = due(schedule="*/10 * * * *", last=NOON - timedelta(days=1))

    assert (found.is_due, found.next_at) == (True, NOON + timedelta(minutes=10))


def test_one_more_listing_is_due_at_its_time_and_once() -> None:
    """`porchctl repo sync` asks for it; it delays nothing else."""
    soon = NOON + timedelta(minutes=1)
    waiting = due(once=soon)

    assert (waiting.is_due, waiting.look_at) == (False, soon)
    assert due(once=NOON).run_once == NOON
    assert not due(once=NOON, observed=NOON).is_due


def test_a_bad_schedule_is_told_and_replaced_by_the_hour() -> None:
    """A typing error must not stop listings."""
    found = due(schedule="soon")

    assert found.next_at == NOON - timedelta(minutes=10) + HOUR
    assert "'soon' cannot be used" in found.problem
