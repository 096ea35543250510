"""Spikes: hours in which a database is used far more than usual at that hour of the week or day, and when they end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from bot.core.alerts.alert import Alert, AlertEnd, Measure
from bot.core.alerts.hours import FLOWS, HOUR, History
from bot.core.alerts.thresholds import spike_factor

LEAST: Final = {Measure.ROWS_READ: 10_000, Measure.ROWS_WRITTEN: 1_000, Measure.BYTES_SYNCED: 10 * 1024 * 1024}
"""Lower usage in an hour isn't a spike, even if the usual usage is far lower."""
WEEKS: Final = 5
WEEKS_AT_LEAST: Final = 3
DAYS: Final = 14
DAYS_AT_LEAST: Final = 10
QUIET_HOURS: Final = 3
"""The number of successive quiet hours that end a spike. Unknown hours are skipped."""
UNKNOWN_HOURS: Final = 24
"""The number of hours with unknown usage after which a database's alert ends as `AlertEnd.UNKNOWN`."""
SPREADS: Final = 6.0
"""A spike must also exceed the usual usage by this many robust standard deviations."""
_SIGMA: Final = 1.4826
"""The factor from the median absolute deviation to a standard deviation."""
_LEAST_SPREAD: Final = 0.1


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual usage of a database at an hour of the week, or of the day."""

    level: float
    spread: float

    def exceeded_by(self, used: int, factor: float, least: int) -> bool:
        """Return True if `used` is at least `least` and far more than usual."""
        return used >= least and used > factor * self.level and used > self.level + SPREADS * self.spread


@dataclass(frozen=True, slots=True)
class Spike:
    """A database's usage in an hour, and its usual usage."""

    measure: Measure
    used: int
    usual: int


def hours_needed(at: datetime) -> list[datetime]:
    """Return the hours whose usage is needed to decide about spikes at `at`, and for their charts.

    For the usual usage, these are the hours around `at` and around the hours that may end a spike, in earlier weeks and
    on earlier days. If one of these is unknown, an older one may end the spike. Its usual usage isn't read.
    """
    recent = [at - back * HOUR for back in range(UNKNOWN_HOURS)]
    last = recent[:QUIET_HOURS]
    weeks = [hour for one in last for week in range(1, WEEKS + 1) for hour in _around(one - week * timedelta(weeks=1))]
    days = [hour for one in last for day in range(1, DAYS + 1) for hour in _around(one - timedelta(days=day))]
    return sorted({*weeks, *days, *recent})


CHART_HOURS: Final = 20


def usual(history: History, database_id: str, measure: Measure, at: datetime) -> Usual | None:
    """Return the usual usage at this hour of the week, or at this hour of the day if too few weeks are known.

    Of each week or day, the busiest of three hours counts. Otherwise a change to or from daylight saving time, which
    moves people's habits by an hour, would look like a spike.

    Returns:
        None if too little is known.
    """
    weeks = list(_busiest(history, database_id, measure, [at - n * timedelta(weeks=1) for n in range(1, WEEKS + 1)]))
    if len(weeks) >= WEEKS_AT_LEAST:
        return _usual(weeks, median(weeks))
    days = list(_busiest(history, database_id, measure, [at - timedelta(days=n) for n in range(1, DAYS + 1)]))
    return _usual(days, max(days)) if len(days) >= DAYS_AT_LEAST else None


def spike(history: History, database_id: str, at: datetime, factor: float) -> Spike | None:
    """Return the largest spike of a database in the hour before `at`.

    None if there is none, or if the usage or the usual usage is unknown.
    """
    found = []
    for measure in FLOWS:
        used, known = history.used(database_id, measure, at), usual(history, database_id, measure, at)
        if used is None or known is None or not known.exceeded_by(used, factor, LEAST[measure]):
            continue
        if known.level == 0 and history.born(database_id) is None:
            continue  # its creation time is unknown, so it may be new
        found.append((used / max(known.level, 1.0), Spike(measure, used, round(known.level))))
    return max(found, key=lambda one: one[0])[1] if found else None


def end_of(history: History, alert: Alert, at: datetime) -> AlertEnd | None:
    """Return why the alert of a spike ends. None if it stays open.

    `BELOW`: the last `QUIET_HOURS` known hours were quiet. `UNKNOWN`: the database's usage was unknown for a day,
    although Turso's counters were read in most hours.
    """
    hours = [at - back * HOUR for back in range(UNKNOWN_HOURS)]
    known = [quiet for hour in hours if (quiet := _is_quiet(history, alert, hour)) is not None]
    if len(known) >= QUIET_HOURS and all(known[:QUIET_HOURS]):
        return AlertEnd.BELOW
    were_read = sum(hour in history.readings for hour in hours)
    return AlertEnd.UNKNOWN if not known and were_read > UNKNOWN_HOURS / 2 else None


def _is_quiet(history: History, alert: Alert, at: datetime) -> bool | None:
    """Return whether a database's usage in the hour before `at` was below `LEAST` or at most half of a spike.

    Usage of up to 1.5 times the usual is quiet in any case. If the usual usage at this hour is unknown or wasn't read,
    the usual usage at the start of the spike is used.

    Returns:
        None if the usage in the alert's measure is unknown, and no other measure is high.
    """
    factor, quiet = max(spike_factor(alert.threshold) / 2, 1.5), dict[Measure, bool]()
    for measure in FLOWS:
        used, known = history.used(alert.subject_id, measure, at), usual(history, alert.subject_id, measure, at)
        level = known.level if known else alert.compared if measure is alert.measure else None
        if used is not None and (used < LEAST[measure] or level is not None):
            quiet[measure] = used < LEAST[measure] or used <= factor * (level or 0.0)
    if not all(quiet.values()):
        return False
    return quiet.get(alert.measure)


def _around(at: datetime) -> list[datetime]:
    return [at - HOUR, at, at + HOUR]


def _busiest(history: History, database_id: str, measure: Measure, moments: Sequence[datetime]) -> Iterator[int]:
    for moment in moments:
        known = [used for hour in _around(moment) if (used := history.used(database_id, measure, hour)) is not None]
        if known:
            yield max(known)


def _usual(values: Sequence[int], level: float) -> Usual:
    middle = median(values)
    spread = _SIGMA * median(abs(value - middle) for value in values)
    return Usual(level, max(spread, _LEAST_SPREAD * level))
