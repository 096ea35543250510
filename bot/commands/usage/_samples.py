"""Computes usage between two times from samples, which count from the start of the month.

A sample is for the end of its day or, if its `day` includes a time, for that time. Turso documents that the counters
start at zero each month, so they are known at the start of a month, too. Usage between two times is known only if the
counters are known at both. It is unknown for numbers that either sample lacks, and around a counter that was reset.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.core.records.usage import UsageSample
from bot.turso import Listed
from bot.turso.ids import made_at
from bot.turso.models import OrganizationUsage, Usage

FLOWS: Final = ("rows_read", "rows_written", "bytes_synced")
NUMBERS: Final = (*FLOWS, "storage_bytes")
_NOTHING: Final = Usage(rows_read=0, rows_written=0, bytes_synced=0)
"""The usage of a database before it existed."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """The usage between two consecutive samples, or before the first one of a month. Storage is the size at the end."""

    since: datetime
    until: datetime
    usage: Usage


@dataclass(frozen=True, slots=True)
class Course:
    """The usage of one database in a period, step by step. It is unknown before the first step."""

    database: str
    until: datetime
    """The time of the last sample."""
    storage_bytes: int | None
    """The storage at that time."""
    steps: Sequence[Step] = ()

    @property
    def known_since(self) -> datetime | None:
        """Return the time since which steps follow each other without gaps. None if there are none."""
        return self.steps[0].since if self.steps else None

    @property
    def total(self) -> Usage:
        """Return the total usage. Flows are added up, and storage is the last size."""
        return Usage.sum(step.usage for step in self.steps).model_copy(update={"storage_bytes": self.storage_bytes})

    @property
    def daily(self) -> Mapping[date, Usage]:
        """Return the usage per UTC day. The last day may be incomplete. Other incomplete days are left out."""
        by_day = defaultdict[date, list[Step]](list)
        for step in self.steps:
            if step.until <= _midnight(step.since) + _DAY:
                by_day[step.since.date()].append(step)
        last = self.steps[-1].until if self.steps else None
        return {
            day: _sum_of_steps(steps)
            for day, steps in by_day.items()
            if steps[0].since == _midnight(steps[0].since)
            and steps[-1].until in (_midnight(steps[0].since) + _DAY, last)
        }


def moment(at: datetime) -> str:
    """Format a time as the `day` of a sample taken at that time."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def samples_of(
    organization: str, databases: Sequence[Listed], usage: OrganizationUsage, day: date | str
) -> list[UsageSample]:
    """Return a sample of each database's usage this month, for the end of a day or for a time.

    Databases that aren't in `usage` are left out.
    """
    by_id = {one.uuid: one.usage for one in usage.databases}
    return [
        sample_of(organization, one.name, one.id, used, str(day))
        for one in databases
        if (used := by_id.get(one.id)) is not None
    ]


def sample_of(organization: str, database: str, database_id: str, used: Usage, day: str) -> UsageSample:
    """Return a sample of one database."""
    numbers = {name: getattr(used, name) for name in NUMBERS}
    return UsageSample(organization=organization, database=database, database_id=database_id, day=day, **numbers)


def courses(samples: Iterable[UsageSample], *, since: datetime) -> dict[str, Course]:
    """Return each database's usage since a time, by `DbId`. It begins after the last gap between its samples."""
    by_database = defaultdict[str, list[UsageSample]](list)
    for sample in samples:
        by_database[sample.database_id].append(sample)
    return {key: _course(_in_order(ones), since) for key, ones in by_database.items()}


def _in_order(samples: Iterable[UsageSample]) -> list[UsageSample]:
    """Sort samples by time, and leave out samples for the end of a day that were taken too early.

    If the bot was stopped, the last sample of a day may be hours older than the end of the day. If a sample with a time
    on that day has higher counters, the sample of the day was taken before, so it isn't used for the end of the day.
    """
    kept: list[UsageSample] = []
    for sample in sorted(samples, key=moment_of):
        if not (kept and _was_taken_before(kept[-1], of_day=sample)):
            kept.append(sample)
    return kept


def _was_taken_before(timed: UsageSample, *, of_day: UsageSample) -> bool:
    if not timed.day.startswith(f"{of_day.day} "):
        return False
    pairs = ((getattr(timed, name), getattr(of_day, name)) for name in FLOWS)
    return any(at_time is not None and in_day is not None and in_day < at_time for at_time, in_day in pairs)


def used_between(
    samples: Iterable[UsageSample], ids: Iterable[str], since: datetime, until: datetime
) -> dict[str, Usage]:
    """Return the usage between the times of two samples, by `DbId`. Flows are known only if known for all that time."""
    by_database = courses([one for one in samples if moment_of(one) <= until], since=since)
    return {key: _used(key, by_database.get(key), since, until) for key in ids}


def _used(database_id: str, course: Course | None, since: datetime, until: datetime) -> Usage:
    born = made_at(database_id)
    if course is None:
        return _NOTHING if born is not None and born >= until else Usage()
    if course.until != until:
        return Usage()
    known = course.known_since
    if known is not None and (known <= since or (born is not None and known <= born)):
        return course.total
    return Usage(storage_bytes=course.storage_bytes)


def daily_of_all(found: Mapping[str, Course]) -> dict[date, Usage]:
    """Return the usage of all databases per day. Unknown for a day if it is unknown for one database."""
    daily = {key: course.daily for key, course in found.items()}
    days = {day for one in daily.values() for day in one}
    return {day: Usage.sum(_on(day, key, one) for key, one in daily.items()) for day in days}


def _on(day: date, database_id: str, daily: Mapping[date, Usage]) -> Usage:
    born = made_at(database_id)
    return daily.get(day) or (_NOTHING if born is not None and born.date() > day else Usage())


def end_of(samples: Iterable[UsageSample], *, until: datetime) -> datetime | None:
    """Return the time of the last samples up to `until`. None if there are none."""
    return max((at for one in samples if (at := moment_of(one)) <= until), default=None)


def comparable(one: timedelta, other: timedelta) -> bool:
    """Return True if two lengths differ by at most 10%, so that comparing the periods is meaningful."""
    return abs(one - other) <= max(one, other) / 10


def start_of(samples: Iterable[UsageSample], wanted: datetime, *, within: timedelta) -> datetime | None:
    """Return the best start of a period whose usage is known: the time of a sample, or the start of a month.

    The nearest such time that differs from `wanted` by at most `within` is the best. Without one, it is the last sample
    before `wanted`, or else the first one after it. The last of all samples is the period's end, never its start.
    Returns None if there is no start.
    """
    sampled = sorted({moment_of(sample) for sample in samples})
    if not sampled:
        return None
    months = {_month_of(one - timedelta(microseconds=1)) for one in sampled}
    candidates = sorted({*sampled, *months} - {sampled[-1]})
    close = [one for one in candidates if abs(one - wanted) <= within]
    if close:
        return min(close, key=lambda one: (abs(one - wanted), one))
    earlier, later = [one for one in sampled[:-1] if one < wanted], [one for one in sampled[:-1] if one > wanted]
    return max(earlier, default=None) or min(later, default=None)


def moment_of(sample: UsageSample) -> datetime:
    """Return the time of a sample."""
    at = datetime.fromisoformat(sample.day).replace(tzinfo=UTC)
    return at if len(sample.day) > 10 else at + _DAY


def usual_day(course: Course, today: date, *, days: int = 7) -> Usage | None:
    """Return the average usage of the known days among the last `days`. None if fewer than two are known."""
    known = [usage for day, usage in course.daily.items() if today - timedelta(days=days) <= day < today]
    if len(known) < 2:
        return None
    total = Usage.sum(known)
    return Usage(**{name: _average(getattr(total, name), len(known)) for name in NUMBERS})


def _average(total: int | None, count: int) -> int | None:
    return None if total is None else total // count


def _course(samples: Sequence[UsageSample], since: datetime) -> Course:
    steps: list[Step] = []
    before: UsageSample | None = None
    born = made_at(samples[0].database_id)
    for sample in samples:
        step = _step(before, sample, born)
        if steps and steps[-1].until != step.since:
            steps = []
        if step.since >= since:
            steps.append(step)
        before = sample
    return Course(samples[-1].database, moment_of(samples[-1]), samples[-1].storage_bytes, steps)


def _step(before: UsageSample | None, after: UsageSample, born: datetime | None) -> Step:
    """Return the usage up to a sample: since the previous one, the month's start, or the day of the creation."""
    at = moment_of(after)
    month = _month_of(at - timedelta(microseconds=1))
    if before is None or moment_of(before) <= month:
        start = _midnight(born) if before is None and born is not None and month < born < at else month
        return Step(start, at, usage_of(after))
    start = moment_of(before)
    flows = {name: _difference(getattr(before, name), getattr(after, name)) for name in FLOWS}
    return Step(start, at, Usage(storage_bytes=after.storage_bytes, **flows))


def _difference(before: int | None, after: int | None) -> int | None:
    """Return the difference of a counter. None if a value is unknown, or if it fell because of a reset."""
    return None if before is None or after is None or after < before else after - before


def usage_of(sample: UsageSample) -> Usage:
    """Return a sample as usage since the start of its month."""
    return Usage(**{name: getattr(sample, name) for name in NUMBERS})


def _sum_of_steps(steps: Sequence[Step]) -> Usage:
    total = Usage.sum(step.usage for step in steps)
    return total.model_copy(update={"storage_bytes": steps[-1].usage.storage_bytes})


def _month_of(at: datetime) -> datetime:
    return _midnight(at).replace(day=1)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
