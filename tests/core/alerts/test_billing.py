"""Billing periods: when falling counters show that a period has begun, and when they don't."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alerts.billing import period_of
from bot.core.records.usage import UsageReading


def reading(at: datetime, read: int | None) -> UsageReading:
    return UsageReading("acme", at, at, read, None, None, 0)


def at_days(*days: tuple[int, int, int]) -> list[UsageReading]:
    """Return readings, given as (month, day, rows read), each at noon."""
    return [reading(datetime(2026, month, day, 12, tzinfo=UTC), rows) for month, day, rows in days]


@pytest.mark.parametrize(
    ("readings", "key"),
    [
        pytest.param(at_days((11, 23, 5), (11, 24, 9)), "2026-11", id="an ordinary day"),
        pytest.param(at_days((10, 31, 900), (11, 1, 9)), "2026-11", id="restarted with the month"),
        pytest.param(at_days((10, 31, 900), (11, 1, 950)), "2026-10", id="not restarted yet"),
        pytest.param(at_days((10, 31, 900), (11, 2, 950), (11, 4, 999)), "2026-11", id="never seen to restart"),
        pytest.param(at_days((10, 20, 900), (11, 4, 999)), "2026-11", id="no reading at the turn of the month"),
        pytest.param(at_days((11, 16, 900), (11, 17, 9), (11, 24, 50)), "2026-11-17", id="restarted in mid-month"),
        pytest.param(at_days((10, 16, 900), (10, 17, 9), (11, 4, 50)), "2026-10-17", id="its month isn't over"),
        pytest.param(at_days((10, 16, 900), (10, 17, 9), (11, 20, 50)), "2026-11", id="its month is over"),
    ],
)
def test_a_billing_period_is_a_month_unless_the_counters_say_otherwise(
    readings: Sequence[UsageReading], key: str
) -> None:
    assert period_of(readings).key == key


def test_a_period_from_the_31st_ends_on_the_last_day_of_a_shorter_month() -> None:
    readings = [reading(datetime(2026, 1, day, 12, tzinfo=UTC), rows) for day, rows in ((30, 900), (31, 3))]

    assert period_of(readings).until.date().isoformat() == "2026-02-28"


@pytest.mark.parametrize(
    ("readings", "key"),
    [
        pytest.param(at_days((11, 16, 900), (11, 17, 400), (11, 24, 450)), "2026-11", id="half is gone in mid-month"),
        pytest.param(
            at_days((10, 31, 900), (11, 1, 9), (11, 16, 900), (11, 17, 30), (11, 24, 90)),
            "2026-11",
            id="nearly all is gone, but the month was seen to begin",
        ),
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (11, 4, 500), (11, 5, 20), (11, 6, 30)),
            "2026-10-17",
            id="nearly all is gone, but the period from the 17th isn't over",
        ),
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (11, 1, 500), (11, 2, 240), (11, 3, 250)),
            "2026-10-17",
            id="half is gone on the first, but the period from the 17th isn't over",
        ),
        pytest.param(
            at_days((9, 30, 900), (10, 1, 9), (10, 20, 700), (11, 20, 900), (11, 21, 400)),
            "2026-11",
            id="half is gone long after a period that was seen",
        ),
    ],
)
def test_a_correction_or_a_deleted_database_begins_no_period(readings: Sequence[UsageReading], key: str) -> None:
    assert period_of(readings).key == key


@pytest.mark.parametrize(
    ("readings", "key"),
    [
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (11, 16, 700), (11, 17, 300), (11, 18, 310)),
            "2026-11-17",
            id="the next period from the 17th, with heavy use at once",
        ),
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (11, 16, 700), (11, 18, 720)),
            "2026-10-17",
            id="the period from the 17th ends late",
        ),
        pytest.param(
            at_days((10, 28, 900), (11, 10, 300), (11, 11, 320)), "2026-11", id="the bot was stopped at the turn"
        ),
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (11, 12, 700), (11, 24, 200)),
            "2026-11-17",
            id="the bot was stopped on the 17th",
        ),
        pytest.param(
            at_days((10, 16, 900), (10, 17, 9), (10, 31, 700), (11, 20, 100)),
            "2026-11-17",
            id="the bot was stopped on the first and on the 17th",
        ),
        pytest.param(
            at_days((11, 16, 900), (11, 17, 30), (11, 30, 500), (12, 1, 9)),
            "2026-12",
            id="after a fall that was mistaken for a period, the month begins",
        ),
    ],
)
def test_a_restart_begins_a_period_when_one_is_due(readings: Sequence[UsageReading], key: str) -> None:
    assert period_of(readings).key == key


def test_a_month_begins_with_the_restart_even_if_the_clock_is_behind() -> None:
    before = datetime(2026, 11, 30, 22, 58, tzinfo=UTC)

    assert period_of([reading(before, 900), reading(before + timedelta(hours=1), 2)]).key == "2026-12"
