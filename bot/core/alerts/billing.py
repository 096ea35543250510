"""The billing period of an organization, and the shares of its quotas that are used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from bot.core.alerts.alert import Measure
from bot.core.alerts.hours import restarted, value_of
from bot.core.records.usage import UsageReading

GRACE: Final = timedelta(hours=48)
"""If the counters haven't restarted this long after the first of a month, they still count for the month before."""


@dataclass(frozen=True, slots=True)
class Period:
    """A billing period: a calendar month (UTC), or a month that began when the counters restarted."""

    key: str
    since: datetime
    until: datetime


def period_of(readings: Sequence[UsageReading]) -> Period:
    """Return the billing period of the last reading.

    Turso says that usage counts per calendar month. The counters themselves decide: a month has begun only when they
    have restarted, and a restart in the middle of a month begins a period, too.

    Args:
        readings: at least one, oldest first.
    """
    now = readings[-1].taken_at.astimezone(UTC)
    month = _month_of(now)
    restarts = [after.taken_at for before, after in pairwise(readings) if restarted(before, after)]
    last = restarts[-1].astimezone(UTC) if restarts else None
    if last is not None and last >= month:
        return _calendar(month) if last - month <= GRACE else _since(last)
    if now - month <= GRACE and any(timedelta(0) < month - one.taken_at <= GRACE for one in readings):
        month = _month_of(month - timedelta(days=1))
    if last is not None and last - _month_of(last) > GRACE and now < _month_after(last):
        return _since(last)
    return _calendar(month)


def first_above(readings: Sequence[UsageReading], period: Period, measure: Measure, limit: float) -> datetime:
    """Return when the latest series of readings with at least `limit` in this period began."""
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
    """Return the same day of the next month, or its last day."""
    following = _month_of(_month_of(at) + timedelta(days=32))
    last_day = (_month_of(following + timedelta(days=32)) - timedelta(days=1)).day
    return at.replace(year=following.year, month=following.month, day=min(at.day, last_day))
