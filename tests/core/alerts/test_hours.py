"""Which usage of an hour is known: gaps, restarts and missing numbers never count as zero."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.alerts import Measure
from bot.core.alerts.hours import AT_MOST, HOUR, History, due_at, growth, restarted
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample

TEN = datetime(2026, 11, 24, 9, 58, tzinfo=UTC)
READ = Measure.ROWS_READ


def reading(at: datetime = TEN, read: int | None = 100, written: int | None = 10, **more: Any) -> UsageReading:
    taken_at = more.pop("taken_at", at)
    return UsageReading("acme", at, taken_at, read, written, more.pop("synced", 0), 4096, **more)


def sample(number: int, read: int | None, written: int | None = 0) -> tuple[str, UsageSample]:
    return f"db-{number}", UsageSample("acme", f"orders-{number}", f"db-{number}", "", read, written, 0, 0)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 24, 9, 57, 59, tzinfo=UTC), datetime(2026, 11, 24, 8, 58, tzinfo=UTC)),
        (TEN, TEN),
        (datetime(2026, 12, 1, 0, 30, tzinfo=UTC), datetime(2026, 11, 30, 23, 58, tzinfo=UTC)),
    ],
)
def test_a_reading_is_due_two_minutes_before_each_hour(now: datetime, due: datetime) -> None:
    assert due_at(now) == due


@pytest.mark.parametrize(
    ("before", "after", "is_restart"),
    [
        pytest.param((100, 10), (0, 0), True, id="both restarted"),
        pytest.param((100, 10), (40, 5), True, id="more than half is gone"),
        pytest.param((100, 10), (60, 9), False, id="a correction"),
        pytest.param((100, 10), (20, 11), False, id="one still grows"),
        pytest.param((100, None), (5, None), True, id="the other isn't known"),
        pytest.param((None, None), (None, None), False, id="nothing is known"),
        pytest.param((0, 0), (0, 0), False, id="never used"),
    ],
)
def test_counters_that_fall_together_were_restarted(before: Any, after: Any, is_restart: bool) -> None:
    assert restarted(reading(TEN - HOUR, *before), reading(TEN, *after)) is is_restart


def test_the_growth_of_an_hour_is_the_difference_of_the_counters() -> None:
    was, now = dict([sample(1, 10), sample(2, 5), sample(3, 7)]), dict([sample(1, 10), sample(2, 9), sample(3, 17)])

    found, is_complete = growth(reading(TEN - HOUR), reading(TEN, 200), was, now, lambda _: None)

    assert [(one.database_id, one.rows_read) for one in found] == [("db-3", 10), ("db-2", 4)]
    assert is_complete


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, reading(), id="the first reading"),
        pytest.param(reading(TEN - 2 * HOUR), reading(), id="an hour is missing"),
        pytest.param(reading(TEN - HOUR), reading(taken_at=TEN + timedelta(minutes=20)), id="taken late"),
        pytest.param(reading(TEN - HOUR, 100, 10), reading(TEN, 1, 0), id="restarted in between"),
    ],
)
def test_usage_in_an_irregular_hour_is_unknown(before: Any, after: Any) -> None:
    found, is_complete = growth(before, after, dict([sample(1, 5)]), dict([sample(1, 500)]), lambda _: None)

    assert (found, is_complete) == ([], False)


@pytest.mark.parametrize(
    ("was", "now", "born", "read"),
    [
        pytest.param(None, 50, TEN - HOUR / 2, 50, id="made in this hour"),
        pytest.param(None, 50, None, None, id="new, since an unknown time"),
        pytest.param(90, 50, None, None, id="its counter fell"),
        pytest.param(None, 50, TEN - 9 * HOUR, None, id="old, but absent from the earlier reading"),
    ],
)
def test_usage_without_an_earlier_counter_is_known_only_for_a_new_database(
    was: Any, now: Any, born: Any, read: Any
) -> None:
    before = {} if was is None else dict([sample(1, was)])

    (found,), _ = growth(reading(TEN - HOUR), reading(), before, dict([sample(1, now, 1)]), lambda _: born)

    assert found.rows_read == read


def test_only_the_busiest_databases_are_stored_and_the_others_are_unknown() -> None:
    was, now = (dict(sample(n, n * times) for n in range(AT_MOST + 50)) for times in (1, 3))

    found, is_complete = growth(reading(TEN - HOUR), reading(), was, now, lambda _: None)

    assert len(found) == AT_MOST
    assert found[0].database_id == f"db-{AT_MOST + 49}"
    assert not is_complete


def test_history_distinguishes_zero_from_unknown() -> None:
    readings = {
        TEN: reading(),
        TEN - HOUR: reading(TEN - HOUR, is_complete=False),
        TEN - 2 * HOUR: reading(TEN - 2 * HOUR, read=None),
        TEN - 8.5 * HOUR: reading(TEN - 8.5 * HOUR),
    }
    history = History(readings, {("db-1", TEN): UsageGrowth("acme", TEN, "db-1", 7, None, 0)}, lambda _: TEN - 9 * HOUR)

    assert history.used("db-1", READ, TEN) == 7
    assert history.used("db-1", Measure.ROWS_WRITTEN, TEN) is None
    assert history.used("db-2", READ, TEN) == 0
    assert history.used("db-2", READ, TEN - HOUR) is None, "not every database was stored"
    assert history.used("db-2", READ, TEN - 2 * HOUR) is None, "Turso didn't report it"
    assert history.used("db-2", READ, TEN - 3 * HOUR) is None, "no reading was taken"
    assert history.used("db-2", READ, TEN - 8.5 * HOUR) is None, "it didn't exist for the whole hour"
