"""Blocks stay within Slack's limits for any content. The sandbox's validator checks the limits."""

from typing import Any

import pytest

from bot.blocks import buttons, kit
from bot.blocks.chart import Chart, unique
from bot.blocks.message import count_characters, fit_blocks, reply
from bot.blocks.table import Number, Table, amount
from bot.blocks.text import Plain, mrkdwn, number
from bot.sandbox.workspace.blockkit import validate_message
from tests.blocks.messages import HOSTILE, check

LONG = "x" * 5000


def text_of(preformatted: Any) -> str:
    """Return the text of a preformatted block."""
    return str(preformatted["elements"][0]["elements"][0]["text"])


def test_every_block_is_cut_to_its_limit() -> None:
    blocks = [
        kit.section(mrkdwn("*{}*", LONG)),
        kit.header(Plain(LONG)),
        *kit.fields((f"L{at}", mrkdwn("{}", LONG)) for at in range(2)),
        kit.context(Plain("a"), *[Plain("b")] * 30),
        *kit.actions(*[kit.button(Plain(LONG), f"run.{at}", "v") for at in range(40)]),
        kit.quote(Plain("Reason"), Plain(LONG)),
        kit.divider(),
    ]
    for block in blocks:
        assert not validate_message({"text": "x", "blocks": [block]}), block


def test_empty_text_is_not_an_error() -> None:
    blocks = [kit.section(Plain("")), kit.context(), *kit.fields([("A", Plain(""))]), kit.quote(Plain("R"), Plain(""))]

    assert not validate_message({"text": "x", "blocks": blocks})


def test_a_message_is_cut_to_fifty_blocks_and_keeps_its_buttons() -> None:
    blocks = [kit.section(mrkdwn("{}", at)) for at in range(80)]

    made = check(reply(mrkdwn("many"), [*blocks, *kit.actions(kit.button(Plain("Next"), "page.2", "v"))]))

    assert len(made.blocks) == 50
    assert made.blocks[-1]["type"] == "actions"


def test_a_message_is_cut_to_twelve_thousand_characters() -> None:
    made = check(reply(mrkdwn("long"), [kit.section(mrkdwn("{}", LONG[:1000])) for _ in range(20)]))

    assert 11_000 < sum(map(count_characters, made.blocks)) <= 12_000
    assert "Shortened" in str(made.blocks[-1])


def test_short_messages_are_not_changed() -> None:
    blocks = [kit.section(mrkdwn("a"))]

    assert fit_blocks(blocks) == blocks


def test_a_button_value_that_is_too_long_is_never_cut() -> None:
    with pytest.raises(ValueError, match="2000"):
        kit.button(Plain("x"), "run.1", "v" * 2001)
    assert buttons.run(1, "Again", "v" * 2001) == []


def test_long_preformatted_text_is_split_into_several_blocks() -> None:
    lines = [f"{at} {'x' * 100}" for at in range(100)]
    blocks = kit.preformatted(*lines)

    assert len(blocks) == 4
    assert [line for block in blocks for line in text_of(block).splitlines()] == lines
    assert not validate_message({"text": "x", "blocks": blocks})


@pytest.mark.parametrize("rows", [1, 100, 5000])
def test_tables_stay_within_slacks_limits(rows: int) -> None:
    table = Table(Plain(LONG), [Plain("Name"), Plain("Rows")], [[Plain("n" * 64), Number(7, "7")]] * rows)

    check(reply(mrkdwn("t"), [table.block()], plain_blocks=table.plain_blocks()))
    texts = [cell["text"] for row in table.block()["rows"] for cell in row]
    assert len(table.block()["rows"]) <= 101
    assert sum(map(len, texts)) <= 10_000


def test_the_columns_of_a_plain_table_are_aligned() -> None:
    table = Table(Plain("t"), [Plain("Name"), Plain("Rows")], [[Plain("orders"), Number(7, "7")],
                                                              [Plain("u"), Number(1000, "1,000")]])  # fmt: skip

    assert text_of(table.plain_blocks()[0]).splitlines() == ["Name     Rows", "orders      7", "u       1,000"]


def test_the_labels_of_a_chart_are_short_and_unique() -> None:
    labels = unique(["o" * 20, "o" * 20, "o" * 20, "", ""])

    assert len(set(labels)) == 5
    assert max(map(len, labels)) <= 20


@pytest.mark.parametrize("points", [1, 20, 300])
def test_charts_stay_within_slacks_limits(points: int) -> None:
    values = list(range(points))
    series = {f"series {at} of a long name": values for at in range(9)}
    chart = Chart("bar", Plain(LONG), [Plain("n" * 64)] * points, series, LONG, LONG)

    check(reply(mrkdwn("c"), chart.blocks(), plain_blocks=chart.plain_blocks()))
    assert len(chart.blocks()[0]["chart"]["series"]) == 6


def test_hostile_text_in_charts_tables_and_headers_is_not_interpreted_as_markup() -> None:
    chart = Chart("line", Plain(HOSTILE), [Plain(HOSTILE)], {HOSTILE: [1]})
    table = Table(Plain(HOSTILE), [Plain(HOSTILE)], [[Plain(HOSTILE)]])

    check(reply(mrkdwn("{}", HOSTILE), [*chart.blocks(), table.block(), kit.header(Plain(HOSTILE))],
                plain_blocks=[*chart.plain_blocks(), *table.plain_blocks()]))  # fmt: skip


@pytest.mark.parametrize("form", [Chart.blocks, Chart.plain_blocks])
def test_unknown_values_are_not_drawn(form: Any) -> None:
    labels = [Plain("ams"), Plain("fra"), Plain("lhr")]
    chart = Chart("bar", Plain("Rows"), labels, {"rows read": [7, None, 9], "rows written": [None, None, None]})

    drawn = str(form(chart))

    assert "ams" in drawn
    assert "lhr" in drawn
    assert "fra" not in drawn
    assert "rows written" not in drawn


@pytest.mark.parametrize("form", [Chart.blocks, Chart.plain_blocks])
def test_a_chart_with_too_few_known_labels_is_not_drawn(form: Any) -> None:
    chart = Chart("line", Plain("Rows"), [Plain("11-01"), Plain("11-02")], {"rows": [7, None]}, min_labels=2)

    assert form(chart) == []


def test_an_unknown_number_in_a_table_is_a_dash() -> None:
    table = Table(Plain("Rows"), [Plain("Name"), Plain("Rows")],
                  [[Plain("a"), amount(None, number)], [Plain("b"), amount(0, number)]])  # fmt: skip

    assert [row[1] for row in table.block()["rows"][1:]] == [
        {"type": "raw_text", "text": "–"},
        {"type": "raw_number", "value": 0, "text": "0"},
    ]
