"""From what a database had used since the start of its month, as it was sampled, to what it used between two moments.

A sample is of the end of its day, or, where its `day` has a time behind it, of that moment. The counters begin at zero
with each month, so that the start of a month is known as well. What lies between two moments is known only where both
are: of a number that one of them lacks, and of the time around a counter that was reset, nothing is known.
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
"""What a database used before it existed."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """What was used between two moments that follow each other; storage is the level at the end."""

    since: datetime
    until: datetime
    usage: Usage


@dataclass(frozen=True, slots=True)
class Course:
    """What one database used in a period, step by step. Before the first step nothing is known."""

    database: str
    until: datetime
    """The moment of the last sample."""
    storage_bytes: int | None
    """The level then."""
    steps: Sequence[Step] = ()

    @property
    def known_since(self) -> datetime | None:
        """The moment from which on nothing is missing; None: nothing is known."""
        return self.steps[0].since if self.steps else None

    @property
    def total(self) -> Usage:
        """Flows are summed; storage is the last level."""
        return Usage.sum(step.usage for step in self.steps).model_copy(update={"storage_bytes": self.storage_bytes})

    @property
    def daily(self) -> Mapping[date, Usage]:
        """Whole days, in UTC; the last may be a day that is not over yet."""
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
    """Write a moment as the `day` of a sample that is of that moment."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def samples_of(
    organization: str, databases: Sequence[Listed], usage: OrganizationUsage, day: date | str
) -> list[UsageSample]:
    """Write down what each database has used this month, as of the end of a day or of a moment."""
    by_id = {one.uuid: one.usage for one in usage.databases}
    return [
        sample_of(organization, one.name, one.id, used, str(day))
        for one in databases
        if (used := by_id.get(one.id)) is not None
    ]


def sample_of(organization: str, database: str, database_id: str, used: Usage, day: str) -> UsageSample:
    """Write down what one database has used."""
    numbers = {name: getattr(used, name) for name in NUMBERS}
    return UsageSample(organization=organization, database=database, database_id=database_id, day=day, **numbers)


def courses(samples: Iterable[UsageSample], *, since: datetime) -> dict[str, Course]:
    """Return by `DbId` what was used from `since` on: of each database as much as reaches its end without a gap."""
    by_database = defaultdict[str, list[UsageSample]](list)
    for sample in samples:
        by_database[sample.database_id].append(sample)
    return {key: _course(sorted(ones, key=moment_of), since) for key, ones in by_database.items()}


def used_between(
    samples: Iterable[UsageSample], ids: Iterable[str], since: datetime, until: datetime
) -> dict[str, Usage]:
    """Return by `DbId` what was used between two moments of samples. What is known of a part only, is unknown."""
    found = courses([one for one in samples if moment_of(one) <= until], since=since)
    return {key: _used(key, found.get(key), since, until) for key in ids}


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
    """Sum the days of databases. Of a day that one of them lacks, though it existed, the sum is not known."""
    daily = {key: course.daily for key, course in found.items()}
    days = {day for one in daily.values() for day in one}
    return {day: Usage.sum(_on(day, key, one) for key, one in daily.items()) for day in days}


def _on(day: date, database_id: str, daily: Mapping[date, Usage]) -> Usage:
    born = made_at(database_id)
    return daily.get(day) or (_NOTHING if born is not None and born.date() > day else Usage())


def end_of(samples: Iterable[UsageSample], *, until: datetime) -> datetime | None:
    """Return the moment of the last samples up to `until`; None: there are none."""
    return max((at for one in samples if (at := moment_of(one)) <= until), default=None)


def comparable(one: timedelta, other: timedelta) -> bool:
    """True for two periods of about the same length: only then a change between them means something."""
    return abs(one - other) <= max(one, other) / 10


def start_of(samples: Iterable[UsageSample], wanted: datetime, *, within: timedelta) -> datetime | None:
    """Return the known moment that is nearest to the one from which on usage is wanted; the last of all is the end.

    Where none is `within` reach, it is the last one before: what was used since then can't be told apart. Where none
    is before, it is the first. None: there is none but the end.
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
    """Return the moment that a sample is of."""
    at = datetime.fromisoformat(sample.day).replace(tzinfo=UTC)
    return at if len(sample.day) > 10 else at + _DAY


def usual_day(course: Course, today: date, *, days: int = 7) -> Usage | None:
    """Return what the database used on an average day of the last `days`; None: too little is known."""
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
    """Return what is known to have been used up to a sample: since the one before, or since the start of its month."""
    at = moment_of(after)
    month = _month_of(at - timedelta(microseconds=1))
    if before is None or moment_of(before) <= month:
        start = _midnight(born) if before is None and born is not None and month < born < at else month
        return Step(start, at, usage_of(after))
    start = moment_of(before)
    flows = {name: _difference(getattr(before, name), getattr(after, name)) for name in FLOWS}
    return Step(start, at, Usage(storage_bytes=after.storage_bytes, **flows))


def _difference(before: int | None, after: int | None) -> int | None:
    """Return what was used between two states of a counter. One that fell was reset at some moment in between."""
    return None if before is None or after is None or after < before else after - before


def usage_of(sample: UsageSample) -> Usage:
    """Read a sample as usage since the start of its month."""
    return Usage(**{name: getattr(sample, name) for name in NUMBERS})


def _sum_of_steps(steps: Sequence[Step]) -> Usage:
    total = Usage.sum(step.usage for step in steps)
    return total.model_copy(update={"storage_bytes": steps[-1].usage.storage_bytes})


def _month_of(at: datetime) -> datetime:
    return _midnight(at).replace(day=1)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
