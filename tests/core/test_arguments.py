"""Each type of argument accepts what people write, and refuses other text with a sentence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.core.model import NEVER
from bot.core.parsing.arguments import (
    ChannelRef,
    Count,
    DatabaseName,
    Duration,
    Expiration,
    GroupName,
    GroupRef,
    LocationCode,
    Month,
    OnOff,
    Since,
    UserRef,
    expiration_text,
    month_span,
    since_start,
)
from bot.errors import BadInput


def take(kind: Any, text: int | str) -> Any:
    return TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (DatabaseName, "orders", "orders"),
        (DatabaseName, "a", "a"),
        (DatabaseName, "0-1", "0-1"),
        (DatabaseName, "x" * 64, "x" * 64),
        (DatabaseName, " `orders` ", "orders"),
        (DatabaseName, "<http://orders|orders>", "orders"),
        (DatabaseName, "<http://orders/>", "orders"),
        (GroupName, "default", "default"),
        (GroupName, "EU_1", "EU_1"),
        (LocationCode, "aws-us-east-1", "aws-us-east-1"),
        (LocationCode, "ams", "ams"),
        (Duration, "1h30m", timedelta(minutes=90)),
        (Expiration, "2d12h", "2d12h"),
        (Expiration, "never", "never"),
        (UserRef, "<@U0ANA|ana>", "U0ANA"),
        (UserRef, "<@W0ANA>", "W0ANA"),
        (UserRef, "U0ANA", "U0ANA"),
        (ChannelRef, "<#C0DBOPS|>", "C0DBOPS"),
        (ChannelRef, "<#G0OLD|old>", "G0OLD"),
        (GroupRef, "<!subteam^S0DBA|@dba>", "S0DBA"),
        (Month, "2026-10", "2026-10"),
        (Since, "7d", timedelta(days=7)),
        (Since, "2026-10-01", date(2026, 10, 1)),
        (OnOff, "ON", True),
        (OnOff, "off", False),
        (Count, "10", 10),
        (Count, 3, 3),
    ],
)
def test_each_type_accepts_what_people_write(kind: Any, text: int | str, value: Any) -> None:
    assert take(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DatabaseName, ""),
        (DatabaseName, "-a"),
        (DatabaseName, "a-"),
        (DatabaseName, "A"),
        (DatabaseName, "a b"),
        (DatabaseName, "a/b"),
        (DatabaseName, "é"),
        (DatabaseName, "x" * 65),
        (DatabaseName, "a\nb"),
        (GroupName, "../x"),
        (LocationCode, "US East"),
        (Duration, "0s"),
        (Duration, "never"),
        (Duration, timedelta(0)),
        (Expiration, "none"),
        (Expiration, "-1h"),
        (UserRef, "ana"),
        (UserRef, "<!channel>"),
        (UserRef, "<@C0DBOPS>"),
        (ChannelRef, "<@U0ANA>"),
        (GroupRef, "<!here>"),
        (Month, "2026-00"),
        (Month, "26-10"),
        (Month, "0001-01"),
        (Since, "2026-13-01"),
        (OnOff, "yes"),
        (Count, "0"),
        (Count, "-1"),
        (Count, "1e9"),
        (Count, "9" * 99),
        (Count, True),
    ],
)
def test_each_type_refuses_other_text_with_one_sentence(kind: Any, text: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        take(kind, text)
    problems = caught.value.errors()
    assert [problem["type"] in ("argument", "value") for problem in problems] == [True]
    assert problems[0]["msg"].startswith("takes ") or problems[0]["msg"].endswith(".")


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_month_span_ends_at_the_start_of_the_next_month() -> None:
    assert month_span("2026-10", NOW) == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    assert month_span("2025-12", NOW) == (datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("month", ["2026-12", "9999-12"])
def test_a_month_that_has_not_begun_is_refused(month: str) -> None:
    with pytest.raises(BadInput, match=f"`{month}` hasn't started yet"):
        month_span(month, NOW)


def test_since_accepts_a_duration_or_a_date() -> None:
    assert since_start(timedelta(days=7), NOW) == datetime(2026, 11, 17, 12, tzinfo=UTC)
    assert since_start(date(2026, 10, 1), NOW) == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("since", [timedelta(days=100_000), timedelta.max, date.min, date.max, date(2026, 11, 25)])
def test_a_since_before_1970_or_in_the_future_is_refused(since: Any) -> None:
    with pytest.raises(BadInput, match=r"before 1970|hasn't started yet"):
        since_start(since, NOW)


def test_a_lifetime_is_formatted_for_turso() -> None:
    assert expiration_text(timedelta(minutes=90)) == "1h30m"
    assert expiration_text(NEVER) == "never"
