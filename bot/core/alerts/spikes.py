"""Spikes: when a database is used far more than it usually is at this hour of the week, and when that has ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from bot.core.alerts.alert import Alert, AlertEnd, Measure
from bot.core.alerts.hours import FLOWS, HOUR, History
from bot.core.alerts.thresholds import spike_factor

LEAST: Final = {Measure.ROWS_READ: 10_000, Measure.ROWS_WRITTEN: 1_000, Measure.BYTES_SYNCED: 10 * 1024 * 1024}
"""Usage below this in an hour isn't a spike, however little is usual."""
WEEKS: Final = 5
WEEKS_AT_LEAST: Final = 3
DAYS: Final = 14
DAYS_AT_LEAST: Final = 10
QUIET_HOURS: Final = 3
"""How many quiet hours end a spike. Hours that aren't known don't count."""
UNKNOWN_HOURS: Final = 24
"""If it isn't known for so many hours what a database used, its alert ends, and says so."""
SPREADS: Final = 6.0
"""Besides the factor, a spike exceeds the usual by this many robust standard deviations."""
_SIGMA: Final = 1.4826
"""Makes the median absolute deviation comparable with a standard deviation."""
_LEAST_SPREAD: Final = 0.1


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for a database at an hour of the week."""

    level: float
    spread: float

    def exceeded_by(self, used: int, factor: float, least: int) -> bool:
        """Return True if `used` is far more than usual."""
        return used >= least and used > factor * self.level and used > self.level + SPREADS * self.spread


@dataclass(frozen=True, slots=True)
class Spike:
    """What a database used in an hour, and what is usual."""

    measure: Measure
    used: int
    usual: int


def hours_needed(at: datetime) -> list[datetime]:
    """Return the hours that are needed to decide about a spike at `at`, and those of its chart."""
    weeks = [hour for week in range(1, WEEKS + 1) for hour in _around(at - week * timedelta(weeks=1))]
    days = [hour for day in range(1, DAYS + 1) for hour in _around(at - timedelta(days=day))]
    recent = [at - back * HOUR for back in range(UNKNOWN_HOURS)]
    return sorted({*weeks, *days, *recent})


CHART_HOURS: Final = 20


def usual(history: History, database_id: str, measure: Measure, at: datetime) -> Usual | None:
    """Return what is usual at this hour of the week. If too few weeks are known, at this hour of the day.

    For each week or day, the busiest of three hours counts, because a change of the clocks moves people's habits by an
    hour, and that isn't a spike.

    Returns:
        None if too little is known.
    """
    weeks = list(_busiest(history, database_id, measure, [at - n * timedelta(weeks=1) for n in range(1, WEEKS + 1)]))
    if len(weeks) >= WEEKS_AT_LEAST:
        return _usual(weeks, median(weeks))
    days = list(_busiest(history, database_id, measure, [at - timedelta(days=n) for n in range(1, DAYS + 1)]))
    return _usual(days, max(days)) if len(days) >= DAYS_AT_LEAST else None


def spike(history: History, database_id: str, at: datetime, factor: float) -> Spike | None:
    """Return the largest spike of a database in the hour before `at`. None if there is none, or it isn't known."""
    found = []
    for measure in FLOWS:
        used, known = history.used(database_id, measure, at), usual(history, database_id, measure, at)
        if used is None or known is None or not known.exceeded_by(used, factor, LEAST[measure]):
            continue
        if known.level == 0 and history.born(database_id) is None:
            continue  # it may be new: its creation time isn't known
        found.append((used / max(known.level, 1.0), Spike(measure, used, round(known.level))))
    return max(found, key=lambda one: one[0])[1] if found else None


def end_of(history: History, alert: Alert, at: datetime) -> AlertEnd | None:
    """Return why the alert of a spike ends. None if it stays open.

    It has ended if the database used at most half of a spike in each of the last known hours. If for a day it wasn't
    known what it used, although Turso's counters were read, it isn't known whether the spike has ended.
    """
    hours = [at - back * HOUR for back in range(UNKNOWN_HOURS)]
    known = [quiet for hour in hours if (quiet := _is_quiet(history, alert, hour)) is not None]
    if len(known) >= QUIET_HOURS and all(known[:QUIET_HOURS]):
        return AlertEnd.BELOW
    were_read = sum(hour in history.readings for hour in hours)
    return AlertEnd.UNKNOWN if not known and were_read > UNKNOWN_HOURS / 2 else None


def _is_quiet(history: History, alert: Alert, at: datetime) -> bool | None:
    """Return whether a database used at most half of a spike in the hour before `at`.

    If it isn't known what is usual at this hour, it is compared with what was usual when the spike began.

    Returns:
        None if the number that the alert is about isn't known, and no other is high.
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
