"""Alerts about an organization: quotas, forecasts, and failures of the bot's own work."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from bot.core.alerts.alert import Alert, AlertEnd, AlertKind, Figure, Measure
from bot.core.alerts.billing import Period, first_above
from bot.core.alerts.facts import Facts
from bot.core.alerts.forecast import ENDS, RAISES, closes_day, daily, forecast
from bot.core.alerts.hours import FLOWS, value_of
from bot.core.alerts.states import Found, Shown, figure, state, top_databases
from bot.core.alerts.subscriptions import AlertSubscription
from bot.core.records.usage import UsageReading

MEASURES: Final = (*FLOWS, Measure.STORAGE)
HYSTERESIS: Final = 3
"""An alert ends when usage is more than this many percentage points below its threshold."""
CHART_DAYS: Final = 14
KNOWN_HOURS: Final = 12
"""Unknown numbers end an alert only if more hours of the last day than these were read, so not after an outage."""
CONFIRMED: Final = 3
"""In how many hours in a row Turso must report no limit before that ends an alert. Unknown hours don't count."""
USED_UP: Final = "100"


def quotas(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find the highest threshold that each measure has reached, and the alerts about quotas that have ended."""
    ended = {one.id: AlertEnd.OFF for one in known if one.is_open and int(one.threshold) not in subscription.quota}
    ended = _reset(facts, known) | ended
    states = []
    if facts.reading is not None:
        period = facts.period
        for measure in MEASURES:
            used, quota = value_of(facts.reading, measure), facts.limits.get(measure)
            of_measure = [one for one in known if one.measure is measure]
            if used is None or not quota:
                ended |= _unmeasured(facts, measure, of_measure, ended)
                continue
            reached = [one for one in subscription.quota if 100 * used >= one * quota]
            for one in (one for one in of_measure if one.is_open and one.id not in ended):
                if (end := _end_of(one, 100 * used / quota, reached)) is not None:
                    ended[one.id] = end
            standing = [one for one in of_measure if one.is_open and one.id not in ended]
            raised = standing + [one for one in of_measure if _is_of_now(one, period, quota)]
            if reached and not any(int(one.threshold) >= reached[-1] for one in raised):
                since = first_above(facts.readings, period, measure, reached[-1] * quota / 100)
                states.append(
                    state(AlertKind.QUOTA, subscription, facts, measure=measure, threshold=str(reached[-1]),
                          period=period.key, measured=used, compared=quota, since=since,
                          contributors=top_databases(facts, measure, shown), figures=_days(facts, measure))
                )  # fmt: skip
    return Found(states, ended)


def _reset(facts: Facts, known: Sequence[Alert]) -> dict[str, AlertEnd]:
    """Return the end of open alerts of earlier billing periods, except those about storage, which isn't reset."""
    resets = [one for one in known if one.is_open and one.measure is not Measure.STORAGE]
    if facts.reading is None or not resets:
        return {}
    return {one.id: AlertEnd.RESET for one in resets if one.period != facts.period.key}


def _unmeasured(
    facts: Facts, measure: Measure, known: Sequence[Alert], ended: Mapping[str, AlertEnd]
) -> dict[str, AlertEnd]:
    """Return the end of open alerts about a number without a limit, or whose usage or limit was unknown for a day.

    Otherwise they might stay open forever: it would never be known that usage is below the threshold, and a new billing
    period doesn't end alerts about storage.
    """
    day = [one for one in facts.readings if facts.reading and one.at > facts.reading.at - timedelta(days=1)]
    if not (_is_unlimited(day, measure) or _is_unknown(day, measure)):
        return {}
    return {one.id: AlertEnd.UNKNOWN for one in known if one.is_open and one.id not in ended}


def _is_unlimited(day: Sequence[UsageReading], measure: Measure) -> bool:
    """Return True if Turso reported no limit in the last `CONFIRMED` hours in which it reported a limit or none."""
    said = [one.limits[measure] for one in day if one.limits and measure in one.limits]
    return len(said) >= CONFIRMED and not any(said[-CONFIRMED:])


def _is_unknown(day: Sequence[UsageReading], measure: Measure) -> bool:
    """Return True if the usage or the limit was unknown in every hour of a day, and enough hours were read."""
    used = [value_of(one, measure) is not None for one in day]
    limited = [bool(one.limits.get(measure)) for one in day if one.limits is not None]
    return any(len(known) > KNOWN_HOURS and not any(known) for known in (used, limited))


def _end_of(alert: Alert, percent: float, reached: Sequence[int]) -> AlertEnd | None:
    threshold = int(alert.threshold)
    if reached and reached[-1] > threshold:
        return AlertEnd.HIGHER
    return AlertEnd.BELOW if percent < threshold - HYSTERESIS else None


def _is_of_now(alert: Alert, period: Period, quota: int) -> bool:
    """Return True if an alert keeps its threshold from being reported again in this period for this quota."""
    return alert.prevents_repeat and alert.period == period.key and alert.compared == quota


def forecasts(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find the quotas that are expected to be used up, and the forecasts that no longer hold.

    Forecasts are made once a day, after the day's last reading.
    """
    if not subscription.forecast:
        return Found((), {one.id: AlertEnd.OFF for one in known if one.is_open})
    states: list[Alert] = []
    ended = _reset(facts, known)
    if facts.reading is not None:
        period = facts.period
        for measure in MEASURES:
            used, quota = value_of(facts.reading, measure), facts.limits.get(measure)
            is_open = [one for one in known if one.measure is measure and one.is_open]
            if used is None or not quota:
                ended |= _unmeasured(facts, measure, is_open, ended)
                continue
            if used >= quota:
                ended |= {one.id: AlertEnd.REACHED for one in is_open if one.id not in ended}
            if not closes_day(facts.reading) or used >= quota:
                continue
            found = forecast(facts.readings, measure, quota, period)
            if found is None:
                continue
            ended |= {one.id: AlertEnd.BELOW for one in is_open if found.chance < ENDS and one.id not in ended}
            if found.chance >= RAISES and found.latest is not None:
                states.append(
                    state(AlertKind.FORECAST, subscription, facts, measure=measure, threshold=USED_UP,
                          period=period.key, measured=used, compared=quota, earliest_at=found.earliest,
                          expected_at=found.expected, latest_at=found.latest,
                          contributors=top_databases(facts, measure, shown), figures=_days(facts, measure))
                )  # fmt: skip
    return Found(states, ended)


def _days(facts: Facts, measure: Measure) -> tuple[Figure, ...]:
    """Return the usage on each of the last known days, or the size at the end of each day for storage."""
    if measure is Measure.STORAGE:
        closing = [one for one in facts.readings if closes_day(one)][-CHART_DAYS:]
        return tuple(figure(one.at, value_of(one, measure)) for one in closing)
    return tuple(Figure(day.isoformat(), amount) for day, amount in daily(facts.readings, measure)[-CHART_DAYS:])


def failures(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find problems with the bot's own work: it fails, is late, or ended without anyone being notified."""
    if facts.failures is None:
        return Found()
    if not facts.failures:
        return Found((), {one.id: AlertEnd.OVER for one in known if one.is_open})
    found = state(AlertKind.FAILURES, subscription, facts, measure=Measure.FAILURES, threshold="1",
                  period=f"{facts.now:%Y-%m-%d}", measured=len(facts.failures),
                  details=tuple(facts.failures))  # fmt: skip
    return Found([found])
