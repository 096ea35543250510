"""When the alert of a spike ends: after quiet hours, or because nothing has been known for a day."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.alerts import Alert, AlertEnd, AlertKind, AlertSubscription, Measure
from bot.core.alerts.evaluation import evaluate
from bot.core.alerts.facts import Facts
from bot.core.alerts.hours import AT_MOST, HOUR, History, growth
from bot.core.alerts.spikes import end_of, hours_needed
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample

NOON = datetime(2026, 11, 24, 11, 58, tzinfo=UTC)
HIGH, QUIET = 90_000, 12_000
"""Rows in an hour. 10,000 is usual, five times as much is a spike, and at most half of a spike is quiet."""
UNKNOWN = None


def reading(at: datetime, read: int | None = 1, *, is_complete: bool = False) -> UsageReading:
    return UsageReading("acme", at, at, read, 1, 1, 0, is_complete)


def hours(*used: int | None, usual: bool = True, read: int = 24, **more: Any) -> History:
    """Return a history with these last hours, newest first, after three usual weeks. Other hours are unknown."""
    readings = {NOON - back * HOUR: reading(NOON - back * HOUR, **more) for back in range(read)}
    known = {NOON - back * HOUR: rows for back, rows in enumerate(used) if rows is not None}
    if usual:
        known |= {NOON - week * timedelta(weeks=1) - back * HOUR: 10_000 for week in (1, 2, 3) for back in range(24)}
    readings |= {at: reading(at) for at in known}
    return History(readings, {("db-1", at): UsageGrowth("acme", at, "db-1", rows, 0, 0) for at, rows in known.items()})


def open_alert(measure: Measure = Measure.ROWS_READ) -> Alert:
    return Alert(
        "al-1", AlertKind.SPIKE, "acme", "C0DBOPS", measure, "5x", "2026-11-24 02:58", NOON - 9 * HOUR,
        NOON - 9 * HOUR, HIGH, 10_000, "orders", "db-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("history", "end"),
    [
        pytest.param(hours(QUIET, QUIET, QUIET, HIGH), AlertEnd.BELOW, id="three quiet hours"),
        pytest.param(hours(QUIET, QUIET, HIGH), None, id="two quiet hours"),
        pytest.param(hours(HIGH, QUIET, QUIET, QUIET), None, id="high again"),
        pytest.param(hours(QUIET, None, QUIET, None, None, QUIET, HIGH), AlertEnd.BELOW, id="unknown hours in between"),
        pytest.param(hours(QUIET, None, QUIET, None, HIGH), None, id="two quiet hours among unknown ones"),
        pytest.param(hours(*[None] * 23, HIGH), None, id="unknown for almost a day"),
        pytest.param(hours(), AlertEnd.UNKNOWN, id="unknown for a day"),
        pytest.param(hours(read=12), None, id="the counters were hardly read, for example because the bot was stopped"),
        pytest.param(hours(QUIET, QUIET, QUIET, usual=False), AlertEnd.BELOW, id="compared with what was usual then"),
        pytest.param(hours(HIGH, HIGH, HIGH, usual=False), None, id="still high by what was usual then"),
        pytest.param(hours(0, 0, 0, usual=False), AlertEnd.BELOW, id="unused"),
    ],
)
def test_a_spike_ends_after_three_known_quiet_hours_or_as_unknown_after_a_day(
    history: History, end: AlertEnd | None
) -> None:
    assert end_of(history, open_alert(), NOON) is end


def test_each_hour_that_ends_a_spike_is_compared_with_the_usual_hours_around_it() -> None:
    job = NOON - 2 * HOUR  # it used to run an hour earlier, before the clocks changed
    used = dict.fromkeys((NOON - back * HOUR for back in range(24)), 0) | {job: HIGH}
    for week in (1, 2, 3):
        past = [job - week * timedelta(weeks=1) + hour * HOUR for hour in range(-1, 4)]
        used |= dict.fromkeys(past, 10_000) | {past[0]: HIGH}
    read = {at: rows for at, rows in used.items() if at in hours_needed(NOON)}
    growths = {("db-1", at): UsageGrowth("acme", at, "db-1", rows, 0, 0) for at, rows in read.items()}

    assert end_of(History({at: reading(at) for at in read}, growths), open_alert(), NOON) is AlertEnd.BELOW


def test_a_missing_number_does_not_count_as_quiet_if_another_number_is_quiet() -> None:
    others = {at: UsageGrowth("acme", at, "db-1", None, 0, 0) for at in (NOON - back * HOUR for back in range(24))}
    history = History({at: reading(at) for at in others}, {("db-1", at): one for at, one in others.items()})

    assert end_of(history, open_alert(), NOON) is AlertEnd.UNKNOWN


def test_an_alert_about_unknown_usage_ends_as_unknown() -> None:
    facts = Facts("acme", NOON, reading(NOON), [reading(NOON)], history=hours(), busiest=[])

    changes = evaluate(
        AlertSubscription("C0DBOPS", "acme", spike=5.0), facts, [open_alert()], shown=lambda *_: True, new_id=str
    )

    assert changes.ended == {"al-1": AlertEnd.UNKNOWN}


def counters(count: int, rows: int) -> dict[str, UsageSample]:
    """Return the counters of many databases. Each has read more rows than the one before."""
    return {
        f"db-{number}": UsageSample("acme", f"orders-{number}", f"db-{number}", "", number * rows, 0, 0, 0)
        for number in range(1, count + 1)
    }


@pytest.mark.parametrize(
    ("now", "used"),
    [
        pytest.param({}, 1, id="it is used least"),
        pytest.param({"db-1": 1}, 0, id="it isn't used"),
        pytest.param({"db-1": None}, UNKNOWN, id="Turso doesn't report it any more"),
    ],
)
def test_the_usage_of_a_database_with_an_open_alert_is_stored_even_if_many_use_more(
    now: Mapping[str, int | None], used: int | None
) -> None:
    was, is_now = counters(AT_MOST + 50, 1), counters(AT_MOST + 50, 2)
    if now:
        del is_now["db-1"]
        is_now |= {key: was[key] for key, rows in now.items() if rows is not None}

    found, is_complete = growth(reading(NOON - HOUR), reading(NOON, 2), was, is_now, lambda _: None, watched={"db-1"})

    history = History({NOON: reading(NOON, is_complete=is_complete)}, {(one.database_id, NOON): one for one in found})
    assert history.used("db-1", Measure.ROWS_READ, NOON) == used
    assert history.used("db-2", Measure.ROWS_READ, NOON) is None, "it is neither among the busiest nor watched"
    assert len(found) == AT_MOST + 1


def test_a_database_that_turso_no_longer_reports_is_unknown_even_if_every_other_is_known() -> None:
    found, is_complete = growth(
        reading(NOON - HOUR), reading(NOON, 2), counters(2, 1), {}, lambda _: None, watched={"db-1"}
    )

    history = History({NOON: reading(NOON, is_complete=is_complete)}, {(one.database_id, NOON): one for one in found})
    assert is_complete
    assert history.used("db-1", Measure.ROWS_READ, NOON) is None
