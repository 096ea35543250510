"""Hourly usage: when a reading is due, and what each database used between two readings."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.alerts.alert import Measure
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample

HOUR: Final = timedelta(hours=1)
BEFORE_THE_HOUR: Final = timedelta(minutes=2)
"""How long before each full hour a reading is due, so that a month's last reading precedes the counters' restart."""
LATE: Final = timedelta(minutes=10)
"""If a reading is taken later than this, the usage before and after it isn't counted as that of an hour."""
AT_MOST: Final = 500
"""The maximum number of databases whose usage is stored per hour, besides those with open alerts."""
FLOWS: Final = (Measure.ROWS_READ, Measure.ROWS_WRITTEN, Measure.BYTES_SYNCED)

Born = Callable[[str], datetime | None]
"""Returns the creation time that a `DbId` contains. None if it contains no time."""


def due_at(now: datetime) -> datetime:
    """Return the latest time at which an hourly reading was due."""
    hour = (now.astimezone(UTC) + BEFORE_THE_HOUR).replace(minute=0, second=0, microsecond=0)
    return hour - BEFORE_THE_HOUR


def value_of(record: object, measure: Measure) -> int | None:
    """Return the value of a measure from a reading, sample or growth. None if it is unknown."""
    found: int | None = getattr(record, measure)
    return found


def restarted(before: UsageReading, after: UsageReading) -> bool:
    """Return True if the counters were restarted between two readings: none grew, and one fell by more than half."""
    fell = False
    for measure in FLOWS:
        was, now = value_of(before, measure), value_of(after, measure)
        if was is None or now is None:
            continue
        if now > was:
            return False
        fell = fell or now < was / 2
    return fell


def is_one_hour(before: UsageReading, after: UsageReading) -> bool:
    """Return True if two readings are those of successive hours, both taken in time, without a restart in between."""
    in_time = all(one.taken_at - one.at <= LATE for one in (before, after))
    return in_time and after.at - before.at == HOUR and not restarted(before, after)


def growth(
    before: UsageReading | None,
    after: UsageReading,
    was: Mapping[str, UsageSample],
    is_now: Mapping[str, UsageSample],
    born: Born,
    *,
    watched: Collection[str] = (),
) -> tuple[list[UsageGrowth], bool]:
    """Return what each database used in the hour between two readings, and whether the list is complete.

    Databases without usage are left out. In a complete list, every other database used nothing. If the readings don't
    belong to successive hours, the list is empty and not complete.

    Args:
        was, is_now: the counters of every database at both readings, by `DbId`.
        watched: the databases with open alerts. They are in the list even without usage, and with unknown usage if
            Turso doesn't report them.
    """
    if before is None or not is_one_hour(before, after):
        return [], False
    found = []
    for database_id, sample in is_now.items():
        earlier, made_at = was.get(database_id), born(database_id)
        is_new = earlier is None and made_at is not None and made_at >= before.taken_at
        numbers = {one.value: _grown(earlier, sample, one, is_new=is_new) for one in FLOWS}
        expected = [one for one in FLOWS if value_of(after, one) is not None]
        if database_id in watched or any(numbers[one.value] != 0 for one in expected):
            found.append(UsageGrowth(after.organization, after.at, database_id, **numbers))
    found.sort(key=lambda one: (-max(value_of(one, each) or 0 for each in FLOWS), one.database_id))
    kept = found[:AT_MOST] + [one for one in found[AT_MOST:] if one.database_id in watched]
    kept += [UsageGrowth(after.organization, after.at, one, None, None, None) for one in sorted({*watched} - {*is_now})]
    return kept, len(found) <= AT_MOST


def _grown(before: UsageSample | None, after: UsageSample, measure: Measure, *, is_new: bool) -> int | None:
    now = value_of(after, measure)
    was = 0 if is_new else value_of(before, measure) if before is not None else None
    return None if now is None or was is None or now < was else now - was


@dataclass(frozen=True, slots=True)
class History:
    """What databases used in past hours. Unknown usage is None, never zero."""

    readings: Mapping[datetime, UsageReading]
    growth: Mapping[tuple[str, datetime], UsageGrowth]
    born: Born = field(default=lambda _: None)

    def used(self, database_id: str, measure: Measure, at: datetime) -> int | None:
        """Return what a database used in the hour before `at`. None if that is unknown, which isn't the same as 0."""
        reading = self.readings.get(at)
        if reading is None:
            return None
        if (found := self.growth.get((database_id, at))) is not None:
            return value_of(found, measure)
        made_at = self.born(database_id)
        existed = made_at is None or made_at < at - HOUR
        return 0 if existed and reading.is_complete and value_of(reading, measure) is not None else None
