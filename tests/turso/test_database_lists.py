"""Lists of databases: pages, groups, branches, and entries that can't be read."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import (
    TursoUnavailable,
)

from .organization import TOKEN, Organization

DATABASES = "/v1/organizations/acme/databases"


async def test_a_list_follows_the_cursor_until_there_is_no_next_page(turso: TursoClient, acme: Organization) -> None:
    for number in range(2500):
        acme.add(f"db-{number}")

    names = [database.name for database in await turso.databases()]

    assert names == [f"db-{number}" for number in range(2500)]
    assert acme.log() == [f"GET {DATABASES}"] * 3


async def test_a_list_of_the_2023_api_is_one_page(turso_2023: TursoClient, acme_2023: Organization) -> None:
    acme_2023.add("orders")

    assert [database.name for database in await turso_2023.databases()] == ["orders"]
    assert len(acme_2023.requests) == 1


async def test_a_list_can_be_limited_to_a_group(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders", group="eu")
    acme.add("carts")

    assert [database.name for database in await turso.databases(group="eu")] == ["orders"]


async def test_the_branches_of_a_database_are_listed_with_their_parent(turso: TursoClient, acme: Organization) -> None:
    parent = acme.add("orders")["DbId"]
    at = "2026-11-27T14:02:11.468213117Z"
    acme.add("orders-try", parent={"id": parent, "name": "orders", "branched_at": at})

    (branch,) = await turso.databases(parent=parent)

    assert branch.name == "orders-try"
    assert branch.parent is not None
    assert (branch.parent.id, branch.parent.name) == (parent, "orders")
    assert branch.parent.branched_at == datetime(2026, 11, 27, 14, 2, 11, 468213, UTC)


async def test_a_cursor_that_repeats_itself_ends_the_list(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [httpx.Response(200, json={"databases": [], "pagination": {"next": "same"}})] * 5

    assert await turso.databases() == []
    assert len(acme.requests) == 2


async def test_a_list_of_many_thousands_lets_other_tasks_run_while_it_is_parsed(
    turso_2023: TursoClient, acme_2023: Organization
) -> None:
    for number in range(6000):
        acme_2023.add(f"db-{number}")
    body = acme_2023.handle(httpx.Request("GET", f"https://h{DATABASES}", headers={"Authorization": f"Bearer {TOKEN}"}))
    acme_2023.next_answers = [body]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    began = time.perf_counter()
    databases = await turso_2023.databases()
    beside.cancel()

    assert len(databases) == 6000
    assert turns >= 20, f"only {turns} turns in {time.perf_counter() - began:.3f} s"


async def test_a_listed_database_is_parsed_in_full_on_demand(turso: TursoClient, acme: Organization) -> None:
    acme.add("orders", delete_protection=True)

    (listed,) = await turso.listed()

    assert (listed.name, listed.group) == ("orders", "default")
    assert listed.read() == await turso.database("orders")
    assert listed.read().delete_protection


@pytest.mark.parametrize("entry", [{"DbId": "1"}, "orders", None, 7], ids=["no name", "text", "null", "number"])
async def test_a_list_without_any_readable_entry_is_an_error(
    turso: TursoClient, acme: Organization, entry: Any
) -> None:
    acme.next_answers = [httpx.Response(200, json={"databases": [entry]})]

    with pytest.raises(TursoUnavailable, match="can't be read"):
        await turso.listed()
