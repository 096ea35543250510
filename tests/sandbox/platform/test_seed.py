"""The seeded organization, its traffic, and an organization with very many databases."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.platform.catalog.problems import Conflict
from bot.sandbox.platform.hrana.errors import TooManyStreams
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.seed.bulk import add_databases
from bot.sandbox.platform.seed.company import DATABASES
from bot.sandbox.platform.seed.traffic import make_traffic, run_statement
from tests.sandbox.platform.hosting import Hosted


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Hosted]:
    hosted = Hosted(tmp_path, seed=True)
    yield hosted
    await hosted.close()


async def test_every_seeded_database_has_tables_with_rows(company: Hosted) -> None:
    listed = (await company.api("GET", "/databases"))["databases"]
    assert len(listed) == 12
    assert len({database["group"] for database in listed}) == 2
    assert any(database["delete_protection"] for database in listed)

    for database in listed:
        client = await company.database(database["Name"])
        tables = (await client.run("SELECT name FROM sqlite_schema WHERE type = 'table'")).rows()
        assert tables, database["Name"]
        for (table,) in tables:
            ((rows,),) = (await client.run(f"SELECT count(*) FROM {table}")).rows()
            assert rows > 0, table
        assert (await client.run("PRAGMA foreign_key_check")).rows() == []
        assert (await client.run("PRAGMA integrity_check")).rows() == [["ok"]]


async def test_every_statement_of_the_applications_runs(company: Hosted) -> None:
    for seeded in DATABASES:
        client = await company.database(seeded.name)
        for sql in seeded.kind.reads + seeded.kind.writes:
            assert (await client.run(sql)).code() is None, sql


async def test_seeded_usage_covers_weeks_and_names_queries(company: Hosted) -> None:
    now = company.turso.clock.now()
    for back in (0, 30, 60):
        day = now.fromtimestamp(now.timestamp() - back * 86400, now.tzinfo).isoformat()
        usage = await company.api("GET", "/databases/orders/usage", params={"from": day, "to": day})
        assert usage["database"]["usage"]["rows_read"] > 1000 * (back > 0)
        assert usage["database"]["usage"]["storage_bytes"] > 0
    assert (await company.api("GET", "/databases/orders/stats"))["top_queries"]


async def test_a_second_start_seeds_nothing_again(company: Hosted, tmp_path: Path) -> None:
    await company.api("DELETE", "/databases/orders")
    await company.close()

    again = Hosted(tmp_path, seed=True)

    assert len((await again.api("GET", "/databases"))["databases"]) == 11
    await again.close()


async def grown(company: Hosted, before: dict[str, Any], what: str) -> list[str]:
    """Return the names of the databases of which the counter `what` has grown."""
    return [name for name in before if (await company.usage(name))[what] > before[name][what]]


async def test_traffic_increases_the_usage(company: Hosted) -> None:
    before = {seeded.name: await company.usage(seeded.name) for seeded in DATABASES}
    making = asyncio.create_task(make_traffic(company.turso, every_seconds=0.002))
    async with asyncio.timeout(30):
        while len(await grown(company, before, "rows_read")) < 6 or not await grown(company, before, "rows_written"):
            assert not making.done()
    making.cancel()


async def test_traffic_continues_once_streams_are_free_again(company: Hosted) -> None:
    plane = company.turso.plane
    target = await company.turso.target(company.turso.organization, DATABASES[0].name)
    assert target.primary is not None
    served = plane.serve(target.database, target.primary)
    opened = [plane.streams.new(served) for _ in range(Limits().streams)]
    for stream in opened:
        plane.streams.keep(stream)
    with pytest.raises(TooManyStreams):
        plane.streams.new(served)
    before = {seeded.name: await company.usage(seeded.name) for seeded in DATABASES}

    making = asyncio.create_task(make_traffic(company.turso, every_seconds=0.001))
    await asyncio.wait([making], timeout=0.1)
    assert not making.done()
    for stream in opened:
        await plane.discard(stream)
    async with asyncio.timeout(30):
        while not await grown(company, before, "rows_read"):
            assert not making.done()
    making.cancel()


async def test_traffic_skips_blocked_and_destroyed_databases(company: Hosted) -> None:
    seeded = DATABASES[0]
    await company.api("PATCH", f"/databases/{seeded.name}/configuration", json={"block_reads": True})
    before = await company.usage(seeded.name)
    for number in range(5):
        await run_statement(company.turso, seeded, random.Random(number))
    assert await company.usage(seeded.name) == before

    await company.api("DELETE", f"/databases/{seeded.name}")
    others = {one.name: await company.usage(one.name) for one in DATABASES if one is not seeded}
    making = asyncio.create_task(make_traffic(company.turso, every_seconds=0.001))
    async with asyncio.timeout(30):
        while len(await grown(company, others, "rows_read")) < 6:
            assert not making.done()
    making.cancel()


async def test_ten_thousand_databases_are_listed_and_counted_quickly(platform: Hosted) -> None:
    add_databases(platform.turso, 10_000, days=2)
    with pytest.raises(Conflict):
        add_databases(platform.turso, 10)
    names, cursor, began = [], None, time.monotonic()
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = await platform.api("GET", "/databases", params=query)
        names += [database["Name"] for database in page["databases"]]
        cursor = page["pagination"]["next"]
        if cursor is None:
            break
    usage = (await platform.api("GET", "/usage"))["organization"]

    assert names == [f"tenant-{number:05d}" for number in range(1, 10_001)]
    assert len(usage["databases"]) == usage["usage"]["databases"] == 10_000
    assert time.monotonic() - began < 20
    client = await platform.database("tenant-04711")
    assert (await client.run("SELECT 1")).rows() == [[1]]
