"""From what a database had used since the start of its month, day by day, to what it used between two days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.core.request import UsageSample
from bot.turso.models import Usage


@dataclass(frozen=True, slots=True)
class Course:
    """What one database used, day by day, as far as the samples tell."""

    database: str
    daily: Mapping[date, Usage] = field(default_factory=dict)
    """By the day of the later sample."""
    known_since: date | None = None
    """The day from which on nothing is missing."""

    @property
    def total(self) -> Usage:
        """Flows are summed; storage is the last level."""
        total = sum(self.daily.values(), Usage())
        last = max(self.daily, default=None)
        return total.model_copy(update={"storage_bytes": self.daily[last].storage_bytes if last else 0})


def courses(samples: Iterable[UsageSample], *, since: date) -> dict[str, Course]:
    """Return by `DbId` what was used from `since` on. A sample of the day before, or earlier, is the start."""
    by_database = defaultdict[str, list[UsageSample]](list)
    for sample in samples:
        by_database[sample.database_id].append(sample)
    return {key: _course(sorted(ones, key=lambda one: one.day), since) for key, ones in by_database.items()}


def _course(samples: list[UsageSample], since: date) -> Course:
    daily: dict[date, Usage] = {}
    before: UsageSample | None = None
    known: date | None = None
    for sample in samples:
        day = date.fromisoformat(sample.day)
        if before is None and day >= since:
            whole = day.replace(day=1) >= since  # its month began within the period: all of it counts
            known = day.replace(day=1) if whole else day
            daily[day] = usage_of(sample) if whole else _level(sample)
        elif before is not None and day >= since:
            known = known or since
            daily[day] = _between(before, sample)
        before = sample
    return Course(samples[-1].database, daily, known)


def _between(before: UsageSample, after: UsageSample) -> Usage:
    if before.day[:7] != after.day[:7]:
        return usage_of(after)
    return Usage(
        rows_read=max(0, after.rows_read - before.rows_read),
        rows_written=max(0, after.rows_written - before.rows_written),
        storage_bytes=after.storage_bytes,
        bytes_synced=max(0, after.bytes_synced - before.bytes_synced),
    )


def usage_of(sample: UsageSample) -> Usage:
    """Read a sample as usage since the start of its month."""
    return Usage(
        rows_read=sample.rows_read,
        rows_written=sample.rows_written,
        storage_bytes=sample.storage_bytes,
        bytes_synced=sample.bytes_synced,
    )


def _level(sample: UsageSample) -> Usage:
    return Usage(storage_bytes=sample.storage_bytes)


def usual_day(course: Course, today: date, *, days: int = 7) -> Usage | None:
    """Return what the database used on an average day of the last `days`; None: too little is known."""
    known = [usage for day, usage in course.daily.items() if today - timedelta(days=days) <= day < today]
    if len(known) < 2:
        return None
    total = sum(known, Usage())
    return Usage(
        rows_read=total.rows_read // len(known),
        rows_written=total.rows_written // len(known),
        storage_bytes=total.storage_bytes // len(known),
        bytes_synced=total.bytes_synced // len(known),
    )
