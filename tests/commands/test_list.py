"""`db list`: any number of databases, on pages with the same filter and order."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.turso import TursoUnavailable
from tests.blocks.messages import HOSTILE, buttons, shown, words
from tests.commands.conftest import Desk


def rows(reply: Any) -> list[list[str]]:
    table = next(block for block in reply.blocks if block["type"] == "data_table")
    return [[cell["text"] for cell in row] for row in table["rows"][1:]]


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (50, 1), (51, 2), (200, 4), (5000, 100)])
async def test_any_number_of_databases_fits(desk: Desk, count: int, pages: int) -> None:
    for at in range(count):
        desk.acme.add(f"db-{at:060}")

    reply = await desk.ask("ls")

    assert len(rows(reply)) == min(count, 50)
    assert f"{count:,} database" in reply.text
    last = await desk.ask(f"list --page {pages}")
    assert rows(last)[-1][0] == f"db-{count - 1:060}"
    assert "Next ›" not in buttons(last)


async def test_a_channel_without_databases_offers_to_create_one(desk: Desk) -> None:
    reply = await desk.ask("list")

    assert buttons(reply)["Create database"]["action_id"] == "form.open.create"


async def test_pages_keep_filter_order_and_group(desk: Desk) -> None:
    desk.acme.groups["other"] = {"name": "other"}
    for at in range(120):
        desk.acme.add(f"orders-{at}")
        desk.acme.used[f"orders-{at}"] = {"storage_bytes": 1024 * (at + 1)}
        desk.acme.add(f"users-{at}")
        desk.acme.add(f"orders-other-{at}", group="other")

    reply = await desk.ask("list orders --group default --sort size --page 2")

    forward = buttons(reply)["Next ›"]
    assert forward["action_id"].startswith("page.")
    again = await desk.ask(forward["value"])
    assert "page 3 of 3" in words(again)
    assert [(row[0], row[2]) for row in rows(again)] == [
        (f"orders-{at}", f"{at + 1}.0 KiB") for at in range(19, -1, -1)
    ]


async def test_a_list_takes_one_call_and_reads_usage_only_to_sort_by_it(desk: Desk) -> None:
    for at in range(200):
        desk.acme.add(f"db-{at}")

    await desk.ask("list")
    assert desk.acme.log() == ["GET /v1/organizations/acme/databases"]
    await desk.ask("list --sort reads")
    assert desk.acme.log()[1:] == ["GET /v1/organizations/acme/databases", "GET /v1/organizations/acme/usage"]


async def test_sorting_by_reads_puts_the_largest_number_first(desk: Desk) -> None:
    for name, reads in (("small", 1), ("big", 900), ("middle", 30)):
        desk.acme.add(name)
        desk.acme.used[name] = {"rows_read": reads}

    assert [row[0] for row in rows(await desk.ask("list --sort reads"))] == ["big", "middle", "small"]


async def test_a_channel_sees_only_its_databases(desk: Desk) -> None:
    for name in ("orders-eu", "orders-us", "payroll"):
        desk.acme.add(name)

    reply = await desk.ask("list", channel="C0ORDERS")

    assert [row[0] for row in rows(reply)] == ["orders-eu", "orders-us"]
    assert "payroll" not in str(shown(reply))
    assert "2 databases" in reply.text


@pytest.mark.parametrize("pattern", ["ord", "ord*", "*-eu"])
async def test_the_filter_is_a_part_of_the_name_or_a_pattern(desk: Desk, pattern: str) -> None:
    desk.acme.add("orders-eu")
    desk.acme.add("users")

    assert [row[0] for row in rows(await desk.ask(f"list {pattern}"))] == ["orders-eu"]


async def test_blocks_and_protection_are_shown(desk: Desk) -> None:
    desk.acme.add("orders", block_writes=True, delete_protection=True)

    assert rows(await desk.ask("list"))[0][1] == "writes blocked, protected"


async def test_a_page_number_beyond_the_end_shows_the_last_page(desk: Desk) -> None:
    desk.acme.add("orders")

    assert len(rows(await desk.ask("list --page 99"))) == 1


async def test_hostile_text_stays_text(desk: Desk) -> None:
    """The desk checks that text from others adds no markup."""
    desk.acme.add("orders", group="<!here>", primaryRegion="*x*\n`y`")

    await desk.ask("list")
    await desk.ask(f'list "{HOSTILE}"')


async def test_an_unreachable_turso_raises_an_error(desk: Desk) -> None:
    desk.acme.failing["/databases"] = 503

    with pytest.raises(TursoUnavailable):
        await desk.ask("list")


async def test_the_list_has_the_expected_blocks(desk: Desk, golden: Callable[[str, Any], None]) -> None:
    desk.acme.add("orders-eu")
    desk.acme.add("users", block_reads=True, block_writes=True)

    golden("list/two", shown(await desk.ask("list --sort writes")))


async def test_the_state_is_the_second_column_and_a_wide_table_has_no_location(desk: Desk) -> None:
    desk.acme.add("orders", block_writes=True)

    def columns(reply: Any) -> list[str]:
        return [cell["text"] for cell in next(one for one in reply.blocks if one["type"] == "data_table")["rows"][0]]

    assert columns(await desk.ask("ls")) == ["Name", "State", "Group", "Location"]
    assert rows(await desk.ask("ls"))[0][:2] == ["orders", "writes blocked"]
    desk.acme.add("a-database-with-a-name-that-is-long-for-a-phone")
    assert columns(await desk.ask("ls")) == ["Name", "State", "Group"]
    assert columns(await desk.ask("ls --sort size"))[:3] == ["Name", "State", "Size"]
