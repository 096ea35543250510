"""The text for notifications has no markup, and keeps every character of names and of text from people."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.blocks.text import clean, escape, mrkdwn, notification

_ALIKE = str.maketrans("∗∼ˋˍ∶", "*~`_:")
FOREIGN = st.text(st.sampled_from("*_~`:<>&ab1 .-"), max_size=20) | st.text(max_size=20)


def readable(text: str) -> str:
    """Return a text with Slack's marks in place of the similar characters that stand for them."""
    return text.translate(_ALIKE)


@pytest.mark.parametrize("name", ["or*s", "*", "_x_", "a_b", "~old~", "prod-*", ":tada:", "a`b", "*a* _b_ ~c~"])
def test_a_name_keeps_its_characters_as_code_and_as_text(name: str) -> None:
    for text in (mrkdwn("*{}* has started", name), mrkdwn("*Done*: `{}` has started", name)):
        assert readable(notification(text)).removeprefix("Done: ") == f"{name} has started"


def test_the_bots_own_markup_is_removed() -> None:
    text = mrkdwn(":bell: *Incident* _{}_ of `{}`, `{}` (_`{}`_) :tada:", "why", "a", "b_c", "d")

    assert notification(text) == "Incident why of a, b_c (d)"


def test_marks_in_two_names_do_not_form_markup_together() -> None:
    assert not {"*", "~"} & set(notification(mrkdwn("`{}` and `{}`, `{}` and `{}`", "*a", "b*", "~a", "b~")))


def test_a_span_that_is_not_closed_keeps_its_text() -> None:
    assert readable(notification(mrkdwn("*Gone*: `{}", "a*b"))) == "Gone: a*b"


@given(FOREIGN, FOREIGN)
@example("or*s", "_")
@example(":x:", "`")
@example("a\u3000\u3000b", "\xa0")  # spaces that are characters of a text, not layout
def test_no_text_from_people_is_lost(one: str, other: str) -> None:
    text = notification(mrkdwn("*[{}]* _and_ [`({})`]", one, other))

    expected = f"[{escape(clean(one))}] and [({escape(clean(other)) or ' '})]"
    assert readable(text).replace("[›", "[&gt;") == readable(expected).replace("[›", "[&gt;")


@given(FOREIGN, FOREIGN)
def test_a_text_for_notifications_is_not_changed_if_it_is_converted_again(one: str, other: str) -> None:
    once = notification(mrkdwn(":tada: *{}* `{}` _{}_", one, other, one))

    assert notification(once) == once
