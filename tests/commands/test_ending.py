"""The end of an absence (`away`) in the person's time zone, also when clocks are set back or forward."""

from datetime import UTC, datetime

import pytest

from bot.commands.general._ending import ending
from bot.errors import BadInput

NEW_YORK = "America/New_York"


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "until"),
    [
        pytest.param("18:00", utc(11, 24, 12), utc(11, 24, 23), id="later today"),
        pytest.param("6:00", utc(11, 24, 12), utc(11, 25, 11), id="tomorrow"),
        pytest.param("2026-12-01", utc(11, 24, 12), utc(12, 1, 5), id="a day begins at midnight"),
        pytest.param("2026-12-01 18:00", utc(11, 24, 12), utc(12, 1, 23), id="a day and a time"),
        pytest.param("3d", utc(11, 24, 12), utc(11, 27, 12), id="a duration"),
        pytest.param("01:45", utc(11, 1, 5, 30), utc(11, 1, 5, 45), id="the first 1:45 of two"),
        pytest.param("01:45", utc(11, 1, 6, 30), utc(11, 1, 6, 45), id="the second 1:45 of two"),
        pytest.param("01:15", utc(11, 1, 5, 30), utc(11, 1, 6, 15), id="1:15 comes again"),
        pytest.param("2026-11-01 01:45", utc(11, 1, 6, 30), utc(11, 1, 6, 45), id="the second one, with its day"),
        pytest.param("02:30", utc(3, 8, 5), utc(3, 8, 7, 30), id="a time that is skipped in spring"),
        pytest.param("09:00", utc(11, 1, 4), utc(11, 1, 14), id="after the change"),
    ],
)
def test_an_absence_ends_at_the_next_time_that_matches(text: str, now: datetime, until: datetime) -> None:
    assert ending(text, NEW_YORK, now) == until


@pytest.mark.parametrize("text", ["2026-11-01 01:45", "2026-10-31"])
def test_a_day_and_time_that_have_passed_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="has passed"):
        ending(text, NEW_YORK, utc(11, 1, 7))


def test_a_time_after_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(BadInput, match="out of range"):
        ending("9999-12-31 23:59", NEW_YORK, utc(11, 1, 7))
