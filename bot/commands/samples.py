"""From what a database had used since the start of its month, as it was measured, to what it used between two moments.

A sample is of the end of its day, or, where its `day` has a time behind it, of that moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bot.core.request import UsageSample
from bot.turso import Listed
from bot.turso.models import OrganizationUsage, Usage

_END = " 24:00"


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
    return UsageSample(
        organization=organization,
        database=database,
        database_id=database_id,
        day=day,
        rows_read=used.rows_read,
        rows_written=used.rows_written,
        storage_bytes=used.storage_bytes,
        bytes_synced=used.bytes_synced,
    )


def courses(samples: Iterable[UsageSample], *, since: date | datetime) -> dict[str, Course]:
    """Return by `DbId` what was used from `since` on. The last sample before that is where it starts."""
    start = moment(since) if isinstance(since, datetime) else f"{since.isoformat()} 00:00"
    by_database = defaultdict[str, list[UsageSample]](list)
    for sample in samples:
        by_database[sample.database_id].append(sample)
    return {key: _course(sorted(ones, key=_at), start) for key, ones in by_database.items()}


def nearest(samples: Iterable[UsageSample], wanted: datetime, *, within: timedelta) -> datetime:
    """Return the moment of the sample that is nearest to a moment.

    With none `within` reach it is the last one before: what was used since then can't be told apart. With none at all
    it is the moment itself.
    """
    moments = [_moment_of(day) for day in {sample.day for sample in samples}]
    close = [one for one in moments if abs(one - wanted) <= within]
    if close:
        return min(close, key=lambda one: (abs(one - wanted), one))
    return max((one for one in moments if one < wanted), default=wanted)


def is_after(sample: UsageSample, when: datetime) -> bool:
    """True for a sample of a later moment."""
    return _at(sample) > moment(when)


def _at(sample: UsageSample) -> str:
    return sample.day if len(sample.day) > 10 else sample.day + _END


def _moment_of(day: str) -> datetime:
    if len(day) > 10:
        return datetime.fromisoformat(day).replace(tzinfo=UTC)
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)


def _course(samples: list[UsageSample], start: str) -> Course:
    daily: dict[date, Usage] = {}
    before: UsageSample | None = None
    known: date | None = None
    for sample in samples:
        day = date.fromisoformat(sample.day[:10])
        if _at(sample) > start:
            if before is None:
                whole = f"{day.replace(day=1)} 00:00" >= start  # its month began within the period: all of it counts
                known = day.replace(day=1) if whole else day
                used = usage_of(sample) if whole else _level(sample)
            else:
                known = known or date.fromisoformat(start[:10])
                used = _between(before, sample)
            daily[day] = (daily.get(day, Usage()) + used).model_copy(update={"storage_bytes": sample.storage_bytes})
        before = sample
    return Course(samples[-1].database, daily, known)


def _between(before: UsageSample, after: UsageSample) -> Usage:
    """Counters that fell were set back meanwhile: at the start of a month, or of a billing period."""
    flows = [(getattr(before, name), getattr(after, name)) for name in ("rows_read", "rows_written", "bytes_synced")]
    was_set_back = any(now < was for was, now in flows) and all(now <= was for was, now in flows)
    if was_set_back or before.day[:7] != after.day[:7]:
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
