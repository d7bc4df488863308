"""When a Repository is listed in full: `spec.sync`, or once an hour. Pure.

Schedules  five fields of cron; @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually;
           `@every 90m`; each may follow `TZ=Europe/Paris` or `CRON_TZ=…`, and is in UTC otherwise.
Values     times are aware UTC.
Errors     ScheduleInvalid.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from porch.api.repository import RepositorySync
from porch.errors import Permanent

FULL_SYNC = timedelta(hours=1)  # where no schedule says otherwise
SHORTEST = timedelta(seconds=10)  # of `@every`

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIELDS = 5
_ZONE = re.compile(r"^(?:CRON_)?TZ=(\S+)\s+(.*)$")
_EVERY = re.compile(r"^@every\s+(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")


class ScheduleInvalid(Permanent):
    """`spec.sync.schedule` cannot be read."""

    reason = "ScheduleInvalid"


@dataclass(frozen=True, slots=True)
class Sync:
    """What is due now, and when there is more."""

    is_due: bool
    run_once: datetime | None  # the `runOnceAt` that this listing answers
    next_at: datetime  # of the schedule, after this listing
    look_at: datetime  # the earliest of all that is to come
    problem: str = ""  # of the schedule


def sync_of(
    wanted: RepositorySync | None,
    *,
    last_full: datetime | None,
    observed: datetime | None,
    now: datetime,
) -> Sync:
    """Whether a full listing is due; `observed` is the `runOnceAt` that was answered before."""
    wanted = wanted or RepositorySync()
    once = wanted.run_once_at
    once_due = once is not None and once != observed and once <= now
    scheduled, problem = _after(wanted.schedule, last_full or now)
    is_due = last_full is None or scheduled <= now or once_due
    next_at = _after(wanted.schedule, now)[0] if is_due else scheduled
    waits_for_once = once is not None and once > now
    look_at = min(next_at, once) if once is not None and waits_for_once else next_at
    return Sync(is_due, once if once_due else None, next_at, look_at, problem)


def next_due(schedule: str, after: datetime) -> datetime:
    """The first time after another one that a schedule names."""
    zone, rest = _zoned(schedule.strip())
    every = _EVERY.match(rest)
    if every is not None and any(every.groups()):
        hours, minutes, seconds = (int(each or 0) for each in every.groups())
        return after + max(timedelta(hours=hours, minutes=minutes, seconds=seconds), SHORTEST)
    fields = _NAMED.get(rest, rest)
    if len(fields.split()) != _FIELDS:
        raise _invalid(schedule, "it must have five fields, or be such as '@hourly', '@every 90m'")
    try:
        return next(CronSim(fields, after.astimezone(zone))).astimezone(UTC)
    except CronSimError as err:
        raise _invalid(schedule, str(err)) from err
    except StopIteration as err:
        raise _invalid(schedule, "it names no day that there is") from err


def _after(schedule: str, when: datetime) -> tuple[datetime, str]:
    """The next full listing; once an hour while a schedule cannot be read, and why."""
    if not schedule:
        return when + FULL_SYNC, ""
    try:
        return next_due(schedule, when), ""
    except ScheduleInvalid as err:
        return when + FULL_SYNC, str(err)


def _zoned(schedule: str) -> tuple[ZoneInfo, str]:
    match = _ZONE.match(schedule)
    name, rest = match.groups() if match else ("UTC", schedule)
    try:
        return ZoneInfo(name), rest.strip()
    except (ValueError, OSError, KeyError) as err:
        raise _invalid(schedule, f"{name!r} is no time zone") from err


def _invalid(schedule: str, why: str) -> ScheduleInvalid:
    return ScheduleInvalid(
        f"`spec.sync.schedule` {schedule!r} cannot be used: {why}; the repository is listed in "
        "full once an hour meanwhile"
    )
