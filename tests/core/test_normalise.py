"""Phones, Slack and pasting change the text of a command. The parser still reads the words that the person meant."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parsing.normalise import normalise, split

CASES = [
    pytest.param("token orders —read-only", ["token", "orders", "--read-only"], id="em dash"),
    pytest.param("token orders –read-only", ["token", "orders", "--read-only"], id="en dash"),
    pytest.param("token orders ―read-only", ["token", "orders", "--read-only"], id="horizontal bar"),
    pytest.param("token orders —-read-only", ["token", "orders", "--read-only"], id="em dash and hyphen"),
    pytest.param("token orders −e 1h", ["token", "orders", "-e", "1h"], id="minus sign"),
    pytest.param("show orders‑eu", ["show", "orders-eu"], id="non-breaking hyphen"),
    pytest.param("—expiration=1h", ["--expiration=1h"], id="dash at the very beginning"),
    pytest.param("reason a — b", ["reason", "a", "—", "b"], id="a dash between words stays"),
    pytest.param("x “two words”", ["x", "two words"], id="curly double quotes"),
    pytest.param("x ‘two words’", ["x", "two words"], id="curly single quotes"),
    pytest.param("x „two words“", ["x", "two words"], id="low quotes"),
    pytest.param("--reason=“two words”", ["--reason=two words"], id="quotes behind an equals sign"),
    pytest.param("customer’s", ["customer's"], id="an apostrophe is no quote"),
    pytest.param("'it's fine' now", ["it's fine", "now"], id="an apostrophe within quotes"),
    pytest.param('show "orders', ["show", '"orders'], id="a quote that never closes"),
    pytest.param("show\u00a0orders\u2007x\u202fy", ["show", "orders", "x", "y"], id="spaces that do not break"),
    pytest.param("show or\u200bders\ufeff", ["show", "orders"], id="zero width"),
    pytest.param("show \u202eorders\u2066", ["show", "orders"], id="bidi controls"),
    pytest.param("show\norders\t", ["show", "orders"], id="lines and tabs"),
    pytest.param("show <http://orders.example.com|orders.example.com>", ["show", "orders.example.com"], id="auto-link"),
    pytest.param("show <https://orders.io>", ["show", "https://orders.io"], id="link without label"),
    pytest.param("to <mailto:a@b.io|a@b.io>", ["to", "a@b.io"], id="mail address"),
    pytest.param("to <mailto:a@b.io>", ["to", "a@b.io"], id="mail address without label"),
    pytest.param("as <@U0ANA|ana>", ["as", "<@U0ANA>"], id="a person keeps only the id"),
    pytest.param("in <#C0DBOPS|>", ["in", "<#C0DBOPS>"], id="a private channel"),
    pytest.param("to <!subteam^S0DBA|@dba>", ["to", "<!subteam^S0DBA>"], id="a user group"),
    pytest.param("a &lt;b&gt; &amp; c", ["a", "<b>", "&", "c"], id="entities"),
    pytest.param("&amp;lt;", ["&lt;"], id="entities are decoded once"),
    pytest.param("&lt;http://a.io|b&gt;", ["<http://a.io|b>"], id="a typed link is not one of Slack's"),
    pytest.param("&lt;@U0EVE&gt;", ["<@U0EVE>"], id="typed angle brackets"),
    pytest.param("`show orders`", ["show", "orders"], id="back-ticks around all"),
    pytest.param("show `orders`", ["show", "orders"], id="back-ticks around a name"),
    pytest.param("```db list```", ["db", "list"], id="a code block"),
    pytest.param("list *orders*", ["list", "*orders*"], id="stars are globs"),
    pytest.param("caf\u0065\u0301", ["café"], id="composed"),
    pytest.param("  ", [], id="nothing"),
]


@pytest.mark.parametrize(("typed", "words"), CASES)
def test_typed_text_is_split_into_the_words_that_the_person_meant(typed: Any, words: Any) -> None:
    assert [word.text for word in split(normalise(typed))] == words


def test_quoted_words_are_never_options() -> None:
    assert [word.literal for word in split('destroy "--now"')] == [False, True]


@given(st.text(max_size=300))
def test_any_text_can_be_normalised_and_split(text: str) -> None:
    for word in split(normalise(text)):
        assert word.text or word.literal


@given(st.text(alphabet="abz-019 =_.*", max_size=60))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(
    "piece", ["—", "-—", "-" * 50 + "—" * 50, '"a"b ', "'", '--a="x ', "<a", "`", "&amp;", "e\u0301"], ids=repr
)
def test_splitting_a_long_text_does_not_take_quadratic_time(piece: str) -> None:
    text = (piece * 200_000)[:200_000]
    started = time.perf_counter()

    split(normalise(text))

    assert time.perf_counter() - started < 10, "a quadratic algorithm would take minutes"
