"""The billing period of an organization, determined from its usage counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from bot.core.alerts.alert import Measure
from bot.core.alerts.hours import FLOWS, restarted, value_of
from bot.core.records.usage import UsageReading

GRACE: Final = timedelta(hours=48)
"""How late a period may begin. Until then, counters that haven't restarted count for the previous period."""
EARLY: Final = timedelta(hours=1)
"""How early a period may begin, because this machine's clock may be behind Turso's."""


@dataclass(frozen=True, slots=True)
class Period:
    """A billing period: a calendar month (UTC), or a month that began when the counters restarted."""

    key: str
    since: datetime
    until: datetime


def period_of(readings: Sequence[UsageReading]) -> Period:
    """Return the billing period of the last reading.

    Turso documents that usage is counted per calendar month. If its counters restart up to two days after the first,
    the previous month's period lasts until the restart. If they restart in the middle of a month, the period begins
    there and lasts a month.

    Args:
        readings: at least one, oldest first.
    """
    now, known = readings[-1].taken_at.astimezone(UTC), _last_begun(readings)
    if known is not None and (now < known.until or _is_late(readings, known.until)):
        return known
    month = _month_of(now)
    return _calendar(_month_of(month - timedelta(days=1)) if _is_late(readings, month) else month)


def _last_begun(readings: Sequence[UsageReading]) -> Period | None:
    """Return the last period that began with a restart of the counters. None if no restart counts.

    Counters also fall when Turso corrects them or a database is deleted. So if no period was due, a restart only counts
    if at most a tenth is left. Within a period that began with a restart, it must also be around the first of a month.
    """
    found: Period | None = None
    for before, after in pairwise(readings):
        if not restarted(before, after):
            continue
        was, at = before.taken_at.astimezone(UTC), after.taken_at.astimezone(UTC)
        month = _month_of(at + EARLY)
        due = month if found is None else found.until
        is_due, is_first = _may_be_between(due, was, at), _may_be_between(month, was, at)
        if is_due or (_is_nearly_gone(before, after) and (is_first or found is None or at >= due)):
            is_month = is_first and (not is_due or due == _month_of(due))
            found = _calendar(month) if is_month else _since(max(was, due) if is_due else at)
    return found


def _may_be_between(due: datetime, was: datetime, at: datetime) -> bool:
    """Return True if the period that was due to begin at `due` may have begun between two readings."""
    return was <= due + GRACE and at >= due - EARLY


def _is_nearly_gone(before: UsageReading, after: UsageReading) -> bool:
    """Return True if every known counter has fallen to a tenth or less."""
    pairs = [(value_of(before, measure), value_of(after, measure)) for measure in FLOWS]
    return all(now <= was / 10 for was, now in pairs if was is not None and now is not None)


def _is_late(readings: Sequence[UsageReading], due: datetime) -> bool:
    """Return True if a period was due in the last two days, and there is a reading from the two days before that.

    Without that reading, it can't be seen whether the counters have restarted.
    """
    now = readings[-1].taken_at
    looked = any(timedelta(0) < due - one.taken_at <= GRACE for one in readings)
    return looked and timedelta(0) <= now - due <= GRACE


def first_above(readings: Sequence[UsageReading], period: Period, measure: Measure, limit: float) -> datetime:
    """Return the time of the earliest reading of this period since which every reading was at least `limit`.

    If the last reading isn't, return its time.
    """
    found = readings[-1].taken_at
    for one in reversed(readings):
        value = value_of(one, measure)
        if value is None or value < limit or one.taken_at < period.since:
            break
        found = one.taken_at
    return found


def _calendar(month: datetime) -> Period:
    return Period(f"{month:%Y-%m}", month, _month_after(month))


def _since(at: datetime) -> Period:
    return Period(f"{at:%Y-%m-%d}", at, _month_after(at))


def _month_of(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _month_after(at: datetime) -> datetime:
    """Return the same day of the next month, or the last day of a shorter month."""
    following = _month_of(_month_of(at) + timedelta(days=32))
    last_day = (_month_of(following + timedelta(days=32)) - timedelta(days=1)).day
    return at.replace(year=following.year, month=following.month, day=min(at.day, last_day))
