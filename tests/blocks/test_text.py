"""Text from people and from Turso never becomes markup."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.blocks.text import (
    Mrkdwn,
    Plain,
    actor,
    ago,
    clean,
    cut_mrkdwn,
    duration,
    mention,
    mrkdwn,
    people,
    person,
    sentence,
    size,
    utc,
    when,
)


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U0EVIL>", "&lt;@U0EVIL&gt;"),
        ("a & b", "a &amp; b"),
        ("*bold* _it_ ~s~ `code`", "∗bold∗ ˍitˍ ∼s∼ ˋcodeˋ"),
        ("snake_case_name", "snake_case_name"),
        (":tada: at 12:30", "∶tada: at 12:30"),
        ("one\ntwo\r\nthree\u2028four", "one two three four"),
        ("\u202eevil\u202c\u200b", "evil"),
        ("> quoted", "› quoted"),
    ],
)
def test_foreign_text_is_not_interpreted_as_markup(foreign: str, shown: str) -> None:
    assert mrkdwn("{}", foreign) == shown


def test_in_a_code_span_only_backticks_are_replaced() -> None:
    assert mrkdwn("`{}` *{}*", "a*b`c<d>", "x*") == "`a*bˋc&lt;d&gt;` *x∗*"


def test_the_bots_own_markup_is_kept() -> None:
    assert mrkdwn("by {}", person("U0ANA")) == "by <@U0ANA>"


def test_a_wrong_number_of_values_raises_an_error() -> None:
    with pytest.raises(ValueError, match="1 values for 2"):
        mrkdwn("{} {}", 1)


@pytest.mark.parametrize("id_", ["<!channel>", "U0> <!here", "u0ana", ""])
def test_an_invalid_id_mentions_no_one(id_: str) -> None:
    assert "<" not in person(id_)


@pytest.mark.parametrize(
    ("text", "passes"),
    [("<@U0ANA>", True), ("<!subteam^S0DBA>", True), ("<!channel>", False), ("<@U0ANA> <!here>", False)],
)
def test_only_people_and_user_groups_can_be_mentioned(text: str, passes: bool) -> None:
    assert ("<" in mention(text)) is passes


def test_the_bots_own_sentences_show_names_as_code() -> None:
    assert sentence("There is no `orders*`.") == "There is no `orders*`."
    assert sentence("a ` alone <b>") == "a ˋ alone &lt;b&gt;"


def test_a_long_list_of_people_is_cut_and_the_rest_is_counted() -> None:
    assert people([f"U{at}" for at in range(15)]).endswith("<@U11> and 3 more")


def test_cutting_leaves_no_incomplete_characters_or_markup() -> None:
    assert cut_mrkdwn(Mrkdwn("see <@U0123456789> now"), 16) == "see …"
    assert cut_mrkdwn(Mrkdwn("a &amp; b and more"), 6) == "a …"
    assert cut_mrkdwn(mrkdwn("`{}`", "x" * 99), 20).count("`") == 2


@given(st.text(max_size=300), st.integers(10, 60))
def test_no_text_adds_active_markup(text: str, limit: Any) -> None:
    made = cut_mrkdwn(mrkdwn("*{}* `{}`", text, text), limit)

    assert "<" not in made
    assert ">" not in made
    assert "\n" not in made
    assert len(made) <= limit


@given(st.text(max_size=200))
@example("0 \u200b 0")
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean(text) == Plain(text)
    clean(text).encode()  # fails if half of a surrogate pair is left


def test_stacked_combining_marks_are_reduced() -> None:
    assert len(clean("a" + "\u0301" * 50)) == 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1, "1 second"), (90, "1 minute 30 seconds"), (3600, "1 hour"), (129_600, "1 day 12 hours"),
     (86_405, "1 day"), (10_799, "3 hours"), (3_629, "1 hour"), (3_631, "1 hour 1 minute"), (172_790, "2 days"),
     (-5, "0 seconds")],
)  # fmt: skip
def test_durations_have_at_most_two_units(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_an_operation_started_by_a_timer_is_shown_as_automatic() -> None:
    assert [actor(one) for one in ("U0ANA", "timer", "")] == ["<@U0ANA>", "automatically", "automatically"]


def test_sizes_and_times_are_formatted() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert size(28672) == "28.0 KiB"
    assert size(None) == "?"
    assert when(noon) == "<!date^1795521600^{date_short_pretty} at {time}|2026-11-24 12:00 UTC>"
    assert ago(noon, noon + timedelta(minutes=3)) == "3 minutes ago"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=45), "45 seconds ago"),
        (timedelta(minutes=3, seconds=50), "3 minutes ago"),
        (timedelta(hours=1, minutes=50, seconds=50), "1 hour 50 minutes ago"),
        (timedelta(days=8, hours=1), "8 days ago"),
    ],
)
def test_the_time_since_a_change_has_no_needless_detail(length: timedelta, said: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert ago(noon, noon + length) == said


def test_a_utc_time_in_plain_text_is_shown_as_a_local_time_in_markup() -> None:
    said = f"A token may exist until {utc(datetime(2026, 11, 24, 4, 15, tzinfo=UTC))}; `x` too."

    local = "<!date^1795493700^{date_short_pretty} at {time}|2026-11-24 04:15 UTC>"
    assert sentence(said) == f"A token may exist until {local}; `x` too."
    assert mrkdwn("{}", said).count("<!date") == 1
    assert mrkdwn("`{}`", "2026-11-24 04:15 UTC") == "`2026-11-24 04:15 UTC`"


@pytest.mark.parametrize(
    "text", ["2026-13-24 04:15 UTC", "2026-11-24 25:15 UTC", "12026-11-24 04:15 UTCX", "٢٠٢٦-11-24 04:15 UTC"]
)
def test_other_text_is_not_changed_into_a_time(text: str) -> None:
    assert mrkdwn("{}", text) == text


@pytest.mark.parametrize("text", [" (1.8 x the usual)", " (1.8 × the usual)"], ids=["ascii", "others"])
def test_a_space_at_the_start_of_a_value_is_kept(text: str) -> None:
    assert mrkdwn("{}{}", "61,508", text) == f"61,508{text}"
