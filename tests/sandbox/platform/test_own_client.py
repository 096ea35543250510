"""The bot's own client with the local Turso: copies, archived groups, plans and overages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import AlreadyExists, DatabaseNotFound, GroupNotFound, PlanLacksFeature, TursoRejected
from tests.sandbox.platform.hosting import API_TOKEN, Client, Hosted


@pytest.fixture
async def turso(platform: Hosted) -> AsyncIterator[TursoClient]:
    headers = {"authorization": f"Bearer {API_TOKEN}"}
    transport = httpx.ASGITransport(platform.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4000", headers=headers) as http:
        yield TursoClient(http, http, "acme")


async def test_a_copy_as_of_an_earlier_time_is_a_branch_that_is_served(
    platform: Hosted, turso: TursoClient, orders: Client
) -> None:
    await orders.run("CREATE TABLE t AS SELECT 1 AS a")
    moment = platform.turso.clock.now()
    await orders.run("DELETE FROM t")
    source = await turso.database("orders")

    copy = await turso.create_copy(
        "orders-then", group="default", source="orders", at=moment + timedelta(milliseconds=1)
    )

    assert copy.parent is not None
    assert (copy.parent.id, copy.parent.name) == (source.id, "orders")
    assert [branch.name for branch in await turso.databases(parent=source.id)] == ["orders-then"]
    assert await turso.is_served(copy)
    assert (await (await platform.database("orders-then")).run("SELECT a FROM t")).rows() == [[1]]


async def test_the_client_reports_a_refusal_as_a_sentence(platform: Hosted, turso: TursoClient, orders: Client) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    platform.turso.clock.offset = timedelta(days=40)
    with pytest.raises(TursoRejected, match="within the last 30 days") as refused:
        await turso.create_copy("then", group="default", source="orders", at=soon)
    assert refused.value.status == 400
    with pytest.raises(AlreadyExists, match="`orders`"):
        await turso.create_copy("orders", group="default", source="orders")
    with pytest.raises(DatabaseNotFound, match="`carts`"):
        await turso.create_copy("then", group="default", source="carts")
    with pytest.raises(GroupNotFound, match="`us`"):
        await turso.create_copy("then", group="us", source="orders")
    await platform.http.post("/_admin/plan", json={"quotas": {"databases": 1}})
    with pytest.raises(PlanLacksFeature, match="maximum database count of 1 reached"):
        await turso.create_copy("then", group="default", source="orders")


async def test_an_archived_database_is_not_served_until_its_group_is_woken(
    platform: Hosted, turso: TursoClient, orders: Client
) -> None:
    await platform.http.post("/_admin/groups/default/archive")
    database = await turso.database("orders")

    assert (database.is_archived, await turso.is_served(database)) == (True, False)
    assert (await turso.unarchive_group("default")).archived is False
    assert await turso.is_served(database)


async def test_the_client_reads_the_quotas_and_overages_of_the_local_turso(
    platform: Hosted, turso: TursoClient, orders: Client
) -> None:
    await platform.http.post("/_admin/plan", json={"plan": "starter", "quotas": {"rowsRead": 1000}})
    await platform.http.post("/_admin/databases/orders/spike", json={"rows_read": 1001})

    quotas, details = await turso.quotas(), await turso.organization_details()
    assert quotas is not None
    assert (quotas.plan, quotas.rows_read, quotas.rows_written) == ("starter", 1000, 10_000_000)
    assert (details.overages, details.blocked_reads, details.blocked_writes) == (False, True, False)
    assert (await turso.organization_usage()).usage.rows_read == 1001

    after = await turso.set_overages(on=True)
    assert (after.overages, after.blocked_reads) == (True, False)
