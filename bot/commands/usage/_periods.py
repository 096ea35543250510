"""The period of a usage command, and the previous period for comparison."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.blocks.text import Mrkdwn, mrkdwn, when
from bot.core.parsing.arguments import month_span, since_start


@dataclass(frozen=True, slots=True)
class Period:
    """A period. `words` follow a number (`this month`, `since 17 Nov`), or `vs.` for a previous period."""

    since: datetime
    until: datetime
    words: Mrkdwn
    is_current_month: bool = False

    @property
    def before(self) -> "Period":
        """Return the previous period of the same length. For this month, the same days of last month."""
        if not self.is_current_month:
            return Period(self.since - self.length, self.since, Mrkdwn("the previous period"))
        last_month = (self.since - timedelta(days=1)).replace(day=1)
        until = min(last_month + self.length, self.since)
        return Period(last_month, until, Mrkdwn("same days last month"))

    @property
    def length(self) -> timedelta:
        """Return the length of the period."""
        return self.until - self.since


def period_of(now: datetime, since: timedelta | date | None, month: str | None) -> Period:
    """Return the requested period. The default is this calendar month, in UTC.

    Raises:
        BadInput: it is in the future, or before 1970.
    """
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if month and month != f"{first:%Y-%m}":
        start, after = month_span(month, now)
        return Period(start, after, mrkdwn("in {}", month))
    if since is not None:
        start = min(since_start(since, now), now - timedelta(seconds=1))
        return Period(start, now, mrkdwn("since {}", when(start)))
    return Period(first, now, Mrkdwn("this month"), is_current_month=True)
