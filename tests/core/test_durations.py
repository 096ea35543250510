"""Durations are read as Turso reads them, to a microsecond, or refused with the reason."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import NEVER
from bot.core.parsing.durations import NotADuration, duration_text, lifetime_text, parse_duration, parse_lifetime

GOOD = [
    ("1d", 86_400),
    ("2w1d30m", 1_297_800),
    ("1w2d6h3ns", 799_200),
    ("1.5h", 5_400),
    (".5d", 43_200),
    ("1h1h", 7_200),
    ("36h", 129_600),
    ("90m", 5_400),
    ("15s", 15),
    ("1.h", 3_600),
    ("+1h", 3_600),
    ("30m1h", 5_400),
    ("500ms", 0.5),
    ("7us", 0.000_007),
    ("7µs", 0.000_007),
    ("7μs", 0.000_007),
    ("15250w", 15_250 * 604_800),
    ("1ns", 0.000_001),  # shorter than a microsecond, but not zero
]

BAD = [
    ("1", "lacks a unit"),
    ("90", "lacks a unit"),
    ("1h30", "lacks a unit"),
    ("1day", "unknown unit `day`"),
    ("2 weeks", "a space"),
    ("1 d", "a space"),
    ("1D", "unknown unit `D`"),
    ("1W", "unknown unit `W`"),
    ("1M", "unknown unit `M`"),
    ("1mo", "unknown unit `mo`"),
    ("1y", "unknown unit `y`"),
    ("h", "no number"),
    (".s", "no number"),
    ("-", "no number"),
    ("", "it is empty"),
    ("20000w", "too long for Turso"),
    ("0", "must be longer than zero"),
    ("0s", "must be longer than zero"),
    ("-1h", "must be longer than zero"),
    ("٣h", "no number"),
    ("1h ", "a space"),
]


@pytest.mark.parametrize(("text", "seconds"), GOOD)
def test_a_duration_has_the_value_that_turso_reads(text: Any, seconds: Any) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "why"), BAD)
def test_an_invalid_duration_is_refused_with_the_reason(text: Any, why: Any) -> None:
    with pytest.raises(NotADuration, match=why):
        parse_duration(text)


@pytest.mark.parametrize(("text", "meant"), [("1day", "`d`"), ("3hours", "`h`"), ("5min", "`m`"), ("1W", "`w`")])
def test_a_unit_that_is_written_out_is_corrected(text: str, meant: str) -> None:
    with pytest.raises(NotADuration, match=f"write {meant}"):
        parse_duration(text)


def test_only_lower_case_never_means_never() -> None:
    assert parse_lifetime("never") is NEVER
    for text in ("Never", "forever", "none", "default"):
        with pytest.raises(NotADuration, match="Write `never` instead of"):
            parse_lifetime(text)


@pytest.mark.parametrize(
    ("text", "written"), [("90s", "1m30s"), ("24h", "24h"), ("2d12h", "2d12h"), ("36h", "36h"), ("1w", "7d")]
)
def test_a_duration_is_formatted_for_people(text: str, written: str) -> None:
    assert duration_text(parse_duration(text)) == written
    assert lifetime_text(NEVER) == "never"


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=100_000)))
def test_a_formatted_duration_is_parsed_to_the_same_value(duration: Any) -> None:
    assert parse_duration(duration_text(duration)) == duration


@given(st.text(max_size=60) | st.from_regex(r"[0-9.]{1,30}(ns|h|d|w|x)?", fullmatch=True))
def test_any_text_is_a_positive_duration_or_is_refused_with_a_reason(text: str) -> None:
    outcome: timedelta | str
    try:
        outcome = parse_duration(text)
    except NotADuration as error:
        outcome = str(error)
    assert outcome > timedelta(0) if isinstance(outcome, timedelta) else outcome
