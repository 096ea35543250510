"""What samples add to a ranking: the previous period, and usage per day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.blocks.chart import MAX_POINTS, Chart
from bot.blocks.text import Plain
from bot.commands.usage._amounts import Amount, amount_of, change
from bot.commands.usage._periods import Period
from bot.commands.usage._samples import (
    NUMBERS,
    comparable,
    courses,
    daily_of_all,
    end_of,
    moment_of,
    start_of,
    used_between,
)
from bot.core.records.usage import UsageSample
from bot.turso.models import Usage

MANY: Final = 500
"""With more databases than this, the samples of two periods are too many to read."""


@dataclass(frozen=True, slots=True)
class History:
    """The previous period and the daily usage."""

    before: Mapping[str, Amount] = field(default_factory=dict)
    """The sums of the previous period, by field. Empty if the samples don't go back far enough."""
    versus: str = ""
    """The previous period, in words."""
    daily: Mapping[date, Usage] = field(default_factory=dict)

    def change(self, now: Amount, name: str) -> str:
        """Format the change from the previous period: ` (+12% vs. the previous period)`. Empty if it isn't known."""
        before = self.before.get(name)
        return change(now.whole, before.whole, self.versus) if before else ""

    def chart(self) -> Chart:
        """Return the chart of rows per day."""
        return chart_of_days(self.daily, Plain("Rows per day"))


def chart_of_days(daily: Mapping[date, Usage], title: Plain) -> Chart:
    """Return the chart of rows read and written per day. It isn't shown for fewer than two days."""
    days = sorted(daily)[-MAX_POINTS:]
    series = {
        "rows read": [daily[day].rows_read for day in days],
        "rows written": [daily[day].rows_written for day in days],
    }
    return Chart("line", title, [Plain(f"{day:%m-%d}") for day in days], series, "day (UTC)", "rows", min_labels=2)


def first_day(period: Period) -> date:
    """Return the first day whose samples are needed for a period and the previous one."""
    return period.before.since.astimezone(UTC).date() - timedelta(days=2)


def history_of(
    samples: Sequence[UsageSample], ids: Collection[str], period: Period, since: datetime, until: datetime
) -> History:
    """Return the sums of the period before `since`–`until`, and the usage per day."""
    ours = [sample for sample in samples if sample.database_id in ids and moment_of(sample) <= until]
    before = period.before
    if period.is_current_month:
        earlier = _between(ours, ids, before.since, end_of(ours, until=before.until), until - since)
    else:
        earlier = _between(ours, ids, since - (until - since), since, until - since)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    return History(earlier, str(before.words), daily_of_all(courses(ours, since=midnight)))


def _between(
    samples: Sequence[UsageSample], ids: Collection[str], wanted: datetime, end: datetime | None, length: timedelta
) -> dict[str, Amount]:
    """Return the sums from about `wanted` to `end`, if samples cover about the required length. Empty otherwise."""
    known = [sample for sample in samples if end is not None and moment_of(sample) <= end]
    start = start_of(known, wanted, within=length / 10)
    if start is None or end is None or not comparable(end - start, length):
        return {}
    used = used_between(known, ids, start, end).values()
    return {name: amount_of(used, name) for name in NUMBERS}
