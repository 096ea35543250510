"""Forecast when a quota will be used up, with a 90% prediction interval."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from statistics import fmean, median, pstdev
from typing import Final

from bot.core.alerts.alert import Measure
from bot.core.alerts.billing import Period
from bot.core.alerts.hours import BEFORE_THE_HOUR, LATE, restarted, value_of
from bot.core.records.usage import UsageReading

DAYS_AT_LEAST: Final = 14
"""The minimum number of known days for a forecast."""
PATHS: Final = 400
"""The number of futures that are simulated."""
RAISES: Final = 0.95
"""An alert is raised if at least this share of the simulated futures uses up the quota in time."""
ENDS: Final = 0.5
"""An alert ends if less than this share of the simulated futures uses up the quota in time."""
STORAGE_AHEAD: Final = timedelta(days=30)
_LAST: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_CAUTION: Final = 1.6
"""The factor that widens the simulated noise, because the noise of successive days is correlated."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast for one quota."""

    chance: float
    """The share of simulated futures that use up the quota in time."""
    earliest: datetime | None
    """The start of the UTC day on which the 90% prediction interval begins.

    None if at least 95% of the simulated futures don't use up the quota in time. `expected` is None at 50%.
    """
    expected: datetime | None
    latest: datetime | None
    """The end of the UTC day on which the 90% prediction interval ends.

    None if more than 5% of the simulated futures don't use up the quota in time.
    """


def closes_day(reading: UsageReading) -> bool:
    """Return True for the last hourly reading of a UTC day, if it was taken in time."""
    at = reading.at.astimezone(UTC)
    return (at + BEFORE_THE_HOUR).hour == 0 and reading.taken_at - reading.at <= LATE


def daily(readings: Sequence[UsageReading], measure: Measure) -> list[tuple[date, int]]:
    """Return how much a measure grew on each day with readings at its start and end. Storage may shrink.

    If a counter fell, the day is left out, unless it is the first of a month. Then the counter started at zero.
    """
    closing = [one for one in readings if closes_day(one)]
    found = []
    for before, after in pairwise(closing):
        was, now = value_of(before, measure), value_of(after, measure)
        if was is None or now is None or after.at - before.at != _DAY:
            continue
        if measure is not Measure.STORAGE and (restarted(before, after) or now < was):
            if after.at.astimezone(UTC).day != 1:
                continue
            was = 0  # the counters restart at the midnight at which a month begins
        found.append((after.at.astimezone(UTC).date(), now - was))
    return found


def forecast(readings: Sequence[UsageReading], measure: Measure, quota: int, period: Period) -> Forecast | None:
    """Forecast when a quota will be used up: until the period ends, or within 30 days for storage.

    Args:
        readings: at least one, oldest first.
    Returns:
        None if too little is known, if the quota is already used up, or if the last reading doesn't close a day.
    """
    now, used, known = readings[-1], value_of(readings[-1], measure), daily(readings, measure)
    if used is None or used >= quota or len(known) < DAYS_AT_LEAST or not closes_day(now):
        return None
    start = now.at + BEFORE_THE_HOUR
    until = start + STORAGE_AHEAD if measure is Measure.STORAGE else period.until
    ahead = (until - start) / _DAY
    most = max(amount for _, amount in known)
    if ahead <= 0 or used + 3 * ahead * most < quota:
        return Forecast(0.0, None, None, None)
    model = _levels(known) if measure is Measure.STORAGE else _seasonal(known)
    lengths = sorted(_days_until(path, quota - used, ahead) for path in islice(_futures(model), PATHS))
    in_time = [start + length * _DAY for length in lengths if length <= ahead]
    earliest, expected, latest = (_nth(in_time, round(share * (PATHS - 1))) for share in (0.05, 0.5, 0.95))
    return Forecast(
        chance=len(in_time) / PATHS,
        earliest=earliest and _midnight(earliest),
        expected=expected,
        latest=latest and _midnight(latest) + _DAY - _LAST,
    )


def _nth(ordered: Sequence[datetime], at: int) -> datetime | None:
    return ordered[at] if at < len(ordered) else None


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _days_until(path: "_Path", left: float, ahead: float) -> float:
    """Return the number of days after which a simulated future has used up `left`. Infinity if it doesn't in time."""
    for day in range(math.ceil(ahead)):
        amount = path.amount(day + 1)
        if amount >= left:
            return day + left / amount
        left -= amount
    return math.inf


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of past days: a level, a trend, an offset per weekday (`seasons`) and the residuals (`rest`)."""

    level: float
    slope: float
    seasons: Sequence[float]
    rest: Sequence[float]
    days: Sequence[int]
    """The known days as offsets from the last one, which is 0."""
    weekday: int
    """The weekday of day 0."""
    is_log: bool
    """True if the values are logarithms (`log1p`)."""


@dataclass(frozen=True, slots=True)
class _Path:
    """One simulated future."""

    model: _Model
    level: float
    slope: float
    rest: Sequence[float]
    noise: random.Random

    def amount(self, day: int) -> float:
        """Return how much the measure grows on a future day. The first day is 1."""
        season = self.model.seasons[(self.model.weekday + day) % _WEEK]
        value = self.level + self.slope * day + season + self.rest[int(self.noise.random() * len(self.rest))]
        return math.expm1(min(value, 60.0)) if self.model.is_log else value


def _seasonal(known: Sequence[tuple[date, int]]) -> _Model:
    """Return the model of daily usage. The trend compares equal weekdays, so weekly patterns don't affect it."""
    last = known[-1][0]
    points = [((day - last).days, math.log1p(max(amount, 0))) for day, amount in known]
    by_day = dict(points)
    slopes = [
        (value - by_day[day - span]) / span
        for day, value in points
        for span in (_WEEK, 2 * _WEEK, 3 * _WEEK)
        if day - span in by_day
    ]
    slope = median(slopes) if slopes else 0.0
    flat = [((last.weekday() + day) % _WEEK, value - slope * day) for day, value in points]
    level = median(value for _, value in flat)
    seasons = [_season([value - level for day, value in flat if day == one]) for one in range(_WEEK)]
    rest = [value - level - seasons[day] for day, value in flat]
    return _Model(level, slope, seasons, rest, [day for day, _ in points], last.weekday(), is_log=True)


def _season(values: Sequence[float]) -> float:
    """Return a weekday's offset from the level. A single value may be chance, so it counts half."""
    return 0.0 if not values else median(values) * (0.5 if len(values) == 1 else 1.0)


def _levels(known: Sequence[tuple[date, int]]) -> _Model:
    """Return the model of storage: its average growth per day."""
    last, amounts = known[-1][0], [amount for _, amount in known]
    level, days = fmean(amounts), [(day - last).days for day, _ in known]
    rest = [amount - level for amount in amounts]
    return _Model(level, 0.0, [0.0] * _WEEK, rest, days, last.weekday(), is_log=False)


def _futures(model: _Model) -> Iterator[_Path]:
    """Yield an endless sequence of simulated futures, which is the same for the same history."""
    noise, count = random.Random(0), len(model.rest)
    fitted = _WEEK + 2 if model.is_log else 1
    wider = _CAUTION * math.sqrt(count / max(count - fitted, 1))
    middle, centre = fmean(model.rest), fmean(model.days)
    rest = [middle + (one - middle) * wider for one in model.rest]
    sigma = pstdev(rest)
    by_slope = sigma / math.sqrt(sum((day - centre) ** 2 for day in model.days)) if model.is_log else 0.0
    while True:
        tilt, shift = noise.gauss(0.0, by_slope), noise.gauss(0.0, _CAUTION * sigma / math.sqrt(count))
        yield _Path(model, model.level + shift - tilt * centre, model.slope + tilt, rest, noise)
