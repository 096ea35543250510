"""The period that a usage command asks for, and the one before it to compare with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.core.arguments import month_span, since_start


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to another; `words` go after a number: `this month`, `since 2026-11-17`."""

    since: datetime
    until: datetime
    words: str
    is_current_month: bool = False

    @property
    def before(self) -> "Period":
        """The same length just before; of this month, the same days of the month before."""
        if not self.is_current_month:
            return Period(self.since - (self.until - self.since), self.since, "the period before")
        last_month = (self.since - timedelta(days=1)).replace(day=1)
        until = min(last_month + (self.until - self.since), self.since)
        return Period(last_month, until, "the same days of last month")


def period_of(now: datetime, since: timedelta | date | None, month: str | None) -> Period:
    """Return what was asked for; nothing in particular means this calendar month, in UTC."""
    if month:
        first, after = month_span(month)
        return Period(first, min(after, max(now, first + timedelta(seconds=1))), f"in {month}")
    if since is not None:
        start = min(since_start(since, now), now - timedelta(seconds=1))
        return Period(start, now, f"since {start.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(first, now, "this month", is_current_month=True)
