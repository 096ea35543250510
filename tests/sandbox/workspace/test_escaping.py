"""Typed text becomes Slack's `<…>` forms, entities and smart punctuation before it reaches the app."""

from __future__ import annotations

import pytest

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import DANA, DB_OPS
from tests.sandbox.workspace.stage import Recorder


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("grant @ben orders", "grant <@U0BEN|ben> orders"),
        ("grant <@U0BEN> orders", "grant <@U0BEN|ben> orders"),
        ("in #db-ops", "in <#C0DBOPS|db-ops>"),
        ("in #team-orders", "in <#C0ORDERS|>"),
        ("for @dba", "for <!subteam^S0DBA|@dba>"),
        ("tell @here and @channel", "tell <!here> and <!channel>"),
        ("see https://a.example/x?a=1&b=2", "see <https://a.example/x?a=1&amp;b=2>"),
        ("mail a@b.example", "mail <mailto:a@b.example|a@b.example>"),
        ("show db1.example.com", "show <http://db1.example.com|db1.example.com>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("@nobody and #nowhere", "@nobody and #nowhere"),
        ("&lt;", "&amp;lt;"),
        ("orders-eu v1.2 --ttl 1h", "orders-eu v1.2 --ttl 1h"),
        ("`orders`  *bold*\nnext", "`orders`  *bold*\nnext"),
    ],
)
async def test_with_should_escape_names_become_ids(workspace: Workspace, app: Recorder, typed: str, sent: str) -> None:
    await workspace.say(DANA, DB_OPS, f"/turso {typed}")

    assert app.form["text"] == sent


async def test_without_should_escape_names_stay_names(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/raw grant @ben in #db-ops on db1.example.com & more")

    assert app.form["text"] == "grant @ben in #db-ops on db1.example.com &amp; more"


async def test_a_phone_inserts_smart_punctuation(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, '/turso token orders --ttl 1h --reason "it\'s urgent"', phone=True)

    assert app.form["text"] == "token orders —ttl 1h —reason “it’s urgent”"


async def test_mentions_in_messages_have_no_label(workspace: Workspace, app: Recorder) -> None:
    message = (await workspace.say(DANA, DB_OPS, "hello @ben, ask @Turso Ops")).message

    assert message is not None
    assert message.text == "hello <@U0BEN>, ask <@U0TURSO>"
