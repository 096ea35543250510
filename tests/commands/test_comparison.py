"""The comparison of a rewind says in words which side has what."""

from dataclasses import asdict

import pytest

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands.rewind._comparison import Comparison, TableSide
from bot.commands.rewind._comparison_blocks import comparison_blocks
from tests.blocks.messages import check, words


def said(found: Comparison) -> str:
    blocks = comparison_blocks(found, "ledger", "ledger-copy")
    return words(check(reply(mrkdwn("Compared"), [kit.section(mrkdwn("Compared")), *blocks])))


def test_a_table_says_how_many_rows_each_side_has() -> None:
    old, copy = TableSide(rows=5, newest="2026-11-24T08:00:00+00:00"), TableSide(rows=7)
    shown = said(Comparison([["entries", asdict(old), asdict(copy)]], is_schema_known=True))

    assert "`entries`: 5 rows in `ledger`, *7 rows* in the copy · newest row <!date" in shown
    assert " in `ledger`, unknown in the copy" in shown


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        (["index later"], "the index `later` is only in `ledger`"),
        (["index later", "table items"], "the index `later` and the table `items` are only in `ledger`"),
        (["index a", "view b", "and 5 more"], "the index `a`, the view `b` and 5 more are only in `ledger`"),
    ],
)
def test_the_schema_says_which_objects_only_one_side_has(objects: list[str], says: str) -> None:
    assert f"• Schema: {says}" in said(Comparison(only_old=objects, is_schema_known=True))


def test_the_schema_says_which_objects_differ() -> None:
    shown = said(Comparison(only_copy=["table new"], changed=["table items"]))

    assert (
        "• Schema: the table `new` is only in `ledger-copy` · the table `items` is different · the rest is unknown"
        in shown
    )
