"""`triage`: the card is ready within three seconds, and names the parts that are missing."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from bot.errors import Refused
from bot.turso import DatabaseNotFound
from bot.turso.calls import Calls
from bot.turso.models import TopQuery
from tests.blocks.messages import HOSTILE, buttons, shown, words
from tests.commands.conftest import Desk
from tests.commands.test_usage import sample
from tests.store.samples import entry, token

CALLS = {
    "/databases/orders": "properties",
    "/configuration": "configuration",
    "/usage": "usage",
    "/queries": "top queries",
    "/databases": "group",
}
"""The ends of the paths that a triage reads, with the name of each part on the card."""


@pytest.fixture
def orders(desk: Desk) -> dict[str, Any]:
    queries = [
        {"query": f"SELECT c{at} FROM t WHERE mail = 'ana@x.y' /* {HOSTILE} */", "rows_read": at} for at in range(9)
    ]
    desk.acme.add("users")
    made = desk.acme.add("orders")
    desk.acme.answer_instead({"/usage/queries": queries})
    return made


async def test_everything_is_on_one_card(desk: Desk, orders: dict[str, Any]) -> None:
    await desk.store.tokens.add(token(1, database="orders", database_id=orders["DbId"], holder="U0BEN"))
    await desk.store.audit.append(entry("executed", databases=("orders",), outcome="succeeded"))
    await desk.store.samples.add([sample(f"2026-11-{day}", 100 * day, uuid=orders["DbId"]) for day in range(10, 24)])

    reply = await desk.ask("triage orders")

    text = words(reply)
    assert "open" in reply.text
    assert "`SELECT c8 FROM t WHERE mail = ?` 8 read, unknown written" in text
    assert "with users" in text
    assert "<@U0BEN>" in text
    assert "<@U0ANA>'s request to freeze `orders` succeeded" in text
    assert "× usual" in text
    assert any(block["type"] == "data_visualization" for block in reply.blocks)
    assert "didn't report" not in text


@pytest.mark.parametrize(("part", "name"), CALLS.items())
async def test_a_call_that_fails_is_named_and_the_rest_is_shown(
    desk: Desk, orders: dict[str, Any], part: Any, name: Any
) -> None:
    handle = desk.acme.handle

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500) if request.url.path.endswith(part) else handle(request)

    desk.turso._reader._transport = httpx.MockTransport(failing)

    text = words(await desk.ask("triage orders"))

    assert f"didn't report the {name}" in text
    assert text.count("didn't report") == 1


async def test_slow_calls_do_not_delay_the_card(
    desk: Desk, orders: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(self: Any, *args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Calls, "_get", never)
    began = time.monotonic()

    reply = await desk.ask("triage orders")

    assert time.monotonic() - began < 3
    assert "unknown" in reply.text
    assert "properties, configuration, usage" in words(reply)


async def test_buttons_are_those_that_the_rules_allow(desk: Desk, orders: dict[str, Any]) -> None:
    desk.acme.add("orders-eu")

    assert list(buttons(await desk.ask("triage orders-eu", channel="C0ORDERS"))) == ["Read-only token", "Refresh"]
    row = buttons(await desk.ask("triage orders"))
    assert list(row) == ["Freeze writes 30 min", "Read-only token", "Rotate tokens", "Refresh"]
    assert row["Freeze writes 30 min"]["value"] == "freeze orders --for 30m"
    assert row["Refresh"]["action_id"].startswith("page.")


async def test_a_frozen_database_can_be_thawed(desk: Desk, orders: dict[str, Any]) -> None:
    desk.acme.configurations["orders"]["block_writes"] = True

    row = buttons(await desk.ask("triage orders"))

    assert "Thaw" in row
    assert "Freeze writes 30 min" not in row


async def test_an_unknown_database_is_reported(desk: Desk) -> None:
    with pytest.raises(DatabaseNotFound):
        await desk.ask("triage nowhere")


async def test_databases_of_other_channels_in_the_group_are_not_named(desk: Desk, orders: dict[str, Any]) -> None:
    desk.acme.add("orders-eu")

    assert "users" not in str(shown(await desk.ask("triage orders-eu", channel="C0ORDERS")))


async def test_values_in_queries_are_hidden_unless_the_policy_shows_them_to_the_requester(
    desk: Desk, orders: dict[str, Any]
) -> None:
    assert "ana@x.y" not in str(shown(await desk.ask("triage orders")))
    with pytest.raises(Refused, match="hides values"):
        await desk.ask("triage orders --literals")
    desk.policy = desk.policy.replace(
        "    organization: acme\n", "    organization: acme\n    query_literals: requester\n", 1
    )

    assert "ana@x.y" not in str(shown(await desk.ask("triage orders")))
    reply = await desk.ask("triage orders --literals")
    assert "ana@x.y" in words(reply)
    assert reply.private
    with pytest.raises(Refused):
        await desk.ask("triage orders --literals", channel="C0ORDERS")


async def test_a_query_that_cannot_be_parsed_is_not_shown(desk: Desk, orders: dict[str, Any]) -> None:
    cut_off = [{"query": "SELECT * FROM t WHERE mail = 'ana@x.y", "rows_read": 5}, {"query": None}]
    desk.acme.answer_instead({"/usage/queries": cut_off})

    text = words(await desk.ask("triage orders"))

    assert "2 queries left out (unreadable SQL)." in text
    assert "ana" not in text


def test_a_query_is_in_no_log_and_no_traceback() -> None:
    query = TopQuery(query="SELECT 'ana@x.y'", rows_read=1)

    assert "ana" not in f"{query} {query!r} {query.model_dump()} {query.model_dump_json()}"


async def test_the_last_changes_are_shown_after_any_number_of_reads(desk: Desk) -> None:
    desk.acme.add("orders")
    await desk.store.audit.append(entry("executed", command="freeze", outcome="succeeded", databases=("orders",)))
    await desk.store.audit.append(*(entry("read", command="show", databases=("orders",)) for _ in range(250)))

    assert "Recent changes" in words(await desk.ask("triage orders"))
