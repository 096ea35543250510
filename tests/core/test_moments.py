"""Times in the past are read in the person's time zone. Ambiguous ones are refused."""

from datetime import UTC, datetime
from typing import Annotated

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.core.declaration import Declaration
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Phrase, Positional
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.moments import Moment, count_words
from bot.core.parsing.parse_results import Parsed
from bot.errors import BadInput

NOW = datetime(2026, 11, 27, 23, 50, tzinfo=UTC)  # 00:50 on the 28th in Berlin
BERLIN = "Europe/Berlin"


def take(text: str) -> Moment:
    return TypeAdapter(Moment).validate_python(text)


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("14:02", "UTC", "2026-11-27T14:02:00"),
        ("14:02", BERLIN, "2026-11-27T13:02:00"),
        ("0:30", BERLIN, "2026-11-27T23:30:00"),
        ("23:55", "UTC", "2026-11-26T23:55:00"),
        ("00:50", BERLIN, "2026-11-27T23:50:00"),
        ("14:02:31", "America/New_York", "2026-11-27T19:02:31"),
        ("14:02 UTC", BERLIN, "2026-11-27T14:02:00"),
        ("14:02Z", BERLIN, "2026-11-27T14:02:00"),
        ("2026-11-27 14:02", BERLIN, "2026-11-27T13:02:00"),
        ("2026-11-27T14:02", BERLIN, "2026-11-27T13:02:00"),
        ("2026-11-24 04:15 UTC", BERLIN, "2026-11-24T04:15:00"),
        ("2026-11-27T14:02:00Z", BERLIN, "2026-11-27T14:02:00"),
        ("2026-11-27t14:02:00z", BERLIN, "2026-11-27T14:02:00"),
        ("2026-11-27T14:02:00.5+05:30", BERLIN, "2026-11-27T08:32:00.500000"),
        ("2026-11-27 14:02:00-08:00", BERLIN, "2026-11-27T22:02:00"),
        ("15m ago", BERLIN, "2026-11-27T23:35:00"),
        ("1d12h AGO", BERLIN, "2026-11-26T11:50:00"),
        ("`15m ago`", BERLIN, "2026-11-27T23:35:00"),
    ],
)
def test_a_time_means_its_last_occurrence_in_the_persons_time_zone(text: str, zone: str, utc: str) -> None:
    assert take(text).at(NOW, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "now", "sentence"),
    [
        ("2026-11-28 14:02", "UTC", NOW, "is in the future"),
        ("2999-01-01T00:00:00Z", "UTC", NOW, "is in the future"),
        ("1969-12-31 23:59", "UTC", NOW, "is before 1970"),
        ("15000w ago", "UTC", NOW, "is before 1970"),
        ("2026-03-29 02:30", BERLIN, NOW, "skipped `2026-03-29 02:30` on 2026-03-29"),
        ("2026-10-25 02:30", BERLIN, NOW, "Write `2026-10-25 00:30 UTC` or `2026-10-25 01:30 UTC`"),
        ("02:30", BERLIN, datetime(2026, 10, 25, 9, tzinfo=UTC), "twice that day"),
        ("02:30:15", BERLIN, datetime(2026, 10, 25, 9, tzinfo=UTC), "Write `2026-10-25 00:30:15 UTC` or"),
        ("02:30", BERLIN, datetime(2026, 3, 29, 9, tzinfo=UTC), "skipped `02:30` on 2026-03-29"),
        ("14:02", "Mars/Olympus", NOW, "I don't know the time zone in your Slack profile"),
        ("0001-01-01 00:00", BERLIN, NOW, r"out of range|before 1970"),
        ("9999-12-31 23:59", "America/New_York", NOW, r"out of range|in the future"),
    ],
)
def test_an_ambiguous_or_impossible_time_is_refused(text: str, zone: str, now: datetime, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        take(text).at(now, zone)


def test_between_two_occurrences_of_a_time_the_first_one_is_meant() -> None:
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45, summer time: 02:30 has occurred once so far
    assert take("02:30").at(between, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "utc"),
    [
        ("2026-03-29T00:30", "2026-03-28T01:30"),
        ("2026-03-28T23:30", "2026-03-28T01:30"),
        ("2026-03-28T00:30", "2026-03-27T01:30"),
    ],
    ids=["half an hour before clocks skip it", "earlier that night", "the day before"],
)
def test_before_clocks_skip_a_time_its_last_occurrence_is_the_day_before(now: str, utc: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert take("02:30").at(at, BERLIN) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_after_clocks_skip_a_time_it_is_refused_until_it_occurs_again() -> None:
    with pytest.raises(BadInput, match="skipped `02:30` on 2026-03-29"):
        take("02:30").at(datetime(2026, 3, 29, 23, 30, tzinfo=UTC), BERLIN)
    after = datetime(2026, 3, 30, 1, 0, tzinfo=UTC)
    assert take("02:30").at(after, BERLIN) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def test_a_time_before_an_incident_has_the_key_of_the_incident() -> None:
    assert take("before INC-42").incident == "INC-42"
    assert take("Before ops/7.1").incident == "ops/7.1"
    assert take("14:02").incident == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs a time"),
        ("yesterday", "I don't understand the time `yesterday`. Try `14:02`"),
        ("24:00", "I don't understand the time"),
        ("14.02", "I don't understand the time"),
        ("15m", "is a duration, not a point in time. Did you mean `{label} 15m ago`"),
        ("15 min ago", "Try `{label} 15m ago`"),
        ("soon ago", "Try `{label} 15m ago`"),
        ("0s ago", "must be longer than zero"),
        ("2026-13-01 14:02", "isn't a day or time that exists"),
        ("2026-02-30T14:02:00Z", "isn't a day or time that exists"),
        ("2026-11-27T14:02:00+99:00", "isn't a day or time that exists"),
        ("2026-11-27", "I don't understand the time"),
        ("before", "I don't understand the time"),
        ("before INC 42", "I don't understand the time"),
        ("٣:٠٠", "I don't understand the time"),
    ],
)
def test_an_invalid_time_is_refused_with_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        take(text)
    (problem,) = caught.value.errors()
    assert problem["type"] == "value"
    assert sentence in problem["msg"]


class Args(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    copy_name: Annotated[DatabaseName | None, Positional()] = None
    at: Annotated[Moment | None, Phrase(count_words)] = None
    now: bool = False


GRAMMAR = Grammar([Declaration(name="branch", usage="branch NAME", summary="…", args=Args, risk=Risk.LOW)])


@pytest.mark.parametrize("order", ["branch orders copy --at {} --now", "branch --at {} --now orders copy",
                                   "branch orders --at {} copy --now", "branch orders copy --now --at {}"])  # fmt: skip
@pytest.mark.parametrize(
    "typed",
    ["14:02", "15m ago", '"15m ago"', "before INC-42", "2026-11-27 14:02", "2026-11-27 14:02 UTC", "14:02 UTC",
     "2026-11-27T14:02:00Z", "2026-11-27 14:02:00+01:00"],
)  # fmt: skip
def test_a_time_needs_no_quotes_wherever_the_option_is(order: str, typed: str) -> None:
    parsed = GRAMMAR.parse(order.format(typed))
    assert isinstance(parsed, Parsed)
    assert parsed.args == Args(name="orders", copy_name="copy", at=Moment(typed.strip('"')), now=True)


def test_a_time_with_equals_and_quotes_is_one_value() -> None:
    parsed = GRAMMAR.parse('branch orders --at="15m ago"')
    assert isinstance(parsed, Parsed)
    assert parsed.args == Args(name="orders", at=Moment("15m ago"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("branch orders --at 15 minutes ago", "Try `--at 15m ago`"),
        ("branch orders --at", "`--at` needs a value"),
        ("branch orders --at --now", "`--at` needs a value"),
        ("branch orders --at before", "I don't understand the time `before`"),
    ],
)
def test_a_line_with_a_wrong_time_says_what_to_write(line: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        GRAMMAR.parse(line)
