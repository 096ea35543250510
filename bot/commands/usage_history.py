"""What the samples add to a ranking: the period before, and the course of the days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Final

from bot.blocks.chart import POINTS, Chart
from bot.blocks.text import Plain
from bot.commands.periods import Period
from bot.commands.samples import courses, is_after
from bot.core.request import UsageSample
from bot.turso.models import Usage

MANY: Final = 500
"""With more databases the samples of two periods are too many to be read for one answer."""


@dataclass(frozen=True, slots=True)
class History:
    """What is known beside the ranking itself."""

    before: Usage | None = None
    """All databases in the period before; None: the samples do not reach back so far."""
    versus: str = ""
    """The period before, in words."""
    daily: Mapping[date, Usage] = field(default_factory=dict)

    def change(self, now: int, name: str) -> str:
        """Write by how much a number differs from the period before: ` (+12 % against last month)`."""
        was = int(getattr(self.before, name)) if self.before else 0
        return f" ({round(100 * (now - was) / was):+,} % against {self.versus})" if was else ""

    def chart(self) -> Chart | None:
        """Draw the days; None when there are too few."""
        days = sorted(self.daily)[-POINTS:]
        if len(days) < 2:
            return None
        read, written = ([getattr(self.daily[day], name) for day in days] for name in ("rows_read", "rows_written"))
        labels = [Plain(f"{day:%m-%d}") for day in days]
        return Chart("line", Plain("Rows per day"), labels, {"rows read": read, "rows written": written}, "day", "rows")


def first_day(period: Period) -> date:
    """Return from which day on samples are needed for a period and the one before it."""
    return period.before.since.astimezone(UTC).date() - timedelta(days=2)


def history_of(samples: Sequence[UsageSample], ids: Mapping[str, str], period: Period) -> History:
    """Compare the samples of a channel's databases with those of the period before."""
    before, since = period.before, period.since.astimezone(UTC).date()
    ours = [sample for sample in samples if sample.database_id in ids]
    started = before.since.astimezone(UTC).date()
    earlier = courses([one for one in ours if not is_after(one, before.until)], since=started)
    known = min((one.known_since for one in earlier.values() if one.known_since), default=None)
    total = sum((one.total for one in earlier.values()), Usage()) if known is not None and known <= started else None
    daily: dict[date, Usage] = defaultdict(Usage)
    for course in courses(ours, since=since).values():
        for day, used in course.daily.items():
            daily[day] = daily[day] + used
    return History(total, before.words, dict(daily))
