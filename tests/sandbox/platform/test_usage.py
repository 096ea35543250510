"""Usage: what each statement costs, and the totals of databases, instances, periods and the organization."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.sandbox.platform.hosting import CLOSE, OLDEST_CATALOGUE, Client, Hosted, stmt

# Statement, rows read, rows written, computed by hand. The statements run in this order in one database.
TEN = [
    # Creating a table reads and writes no user rows, but Turso counts one row read.
    pytest.param("CREATE TABLE t(a INTEGER PRIMARY KEY, b)", 1, 0, id="create"),
    # Five rows are written, and Turso counts each as read, too.
    pytest.param("INSERT INTO t(b) VALUES ('a'), ('b'), ('c'), ('d'), ('e')", 5, 5, id="insert"),
    # All five rows are scanned.
    pytest.param("SELECT * FROM t WHERE b = 'c'", 5, 0, id="scan"),
    # One row is found by its key.
    pytest.param("SELECT * FROM t WHERE a = 3", 1, 0, id="point"),
    # The five rows that the `Count` opcode counts, and the returned row.
    pytest.param("SELECT count(*) FROM t", 6, 0, id="count"),
    # A scan of five rows, two of which change.
    pytest.param("UPDATE t SET b = 'z' WHERE b < 'c'", 5, 2, id="update"),
    # SQLite doesn't count the rows from which an index is built, but Turso counts one row read.
    pytest.param("CREATE INDEX i ON t(b)", 1, 0, id="index"),
    # Two rows are found through the index.
    pytest.param("SELECT a FROM t WHERE b = 'z'", 2, 0, id="by index"),
    # One row is deleted by its key.
    pytest.param("DELETE FROM t WHERE a = 5", 1, 1, id="delete"),
    # Nothing is read or written, but Turso counts one row read.
    pytest.param("SELECT 1", 1, 0, id="nothing"),
]


def values(case: Any) -> tuple[str, int, int]:
    """Return a statement with the rows that it reads and writes."""
    sql, read, written = case.values
    return sql, read, written


async def test_ten_statements_cost_what_was_computed_by_hand(platform: Hosted, orders: Client) -> None:
    before, counted = await platform.usage("orders"), []
    for sql, _, _ in map(values, TEN):
        result = (await orders.run(sql))[0]
        counted.append((sql, result["rows_read"], result["rows_written"]))

    assert counted == [values(case) for case in TEN]
    after = await platform.usage("orders")
    assert after["rows_read"] - before["rows_read"] == sum(values(case)[1] for case in TEN) == 28
    assert after["rows_written"] - before["rows_written"] == sum(values(case)[2] for case in TEN) == 8
    # One page each for the header with the schema, the table and its index.
    assert after["storage_bytes"] == 3 * 4096


async def test_storage_is_the_size_of_the_file(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (randomblob(100000))")

    (path,) = platform.turso.plane.folder.glob("*.db")
    connection = apsw.Connection(str(path))
    connection.execute("SELECT * FROM t").fetchall()
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()

    assert (await platform.usage("orders"))["storage_bytes"] == path.stat().st_size


async def test_an_aborted_transaction_counts_its_writes(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")

    await orders.ask(stmt("BEGIN"), stmt("INSERT INTO t VALUES (1), (2)"), stmt("ROLLBACK"), CLOSE)

    assert (await platform.usage("orders"))["rows_written"] == 2


async def test_triggers_are_counted(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    await orders.run("CREATE TABLE log(a)")
    await orders.run("CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END")

    result = (await orders.run("INSERT INTO t VALUES (1), (2)"))[0]

    assert (result["rows_written"], result["affected_row_count"]) == (4, 2)


async def test_the_organization_has_the_same_numbers_in_one_call(platform: Hosted, orders: Client) -> None:
    users = await platform.database("users")
    await users.run("CREATE TABLE t(a)")
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1), (2), (3)")

    organization = (await platform.api("GET", "/usage"))["organization"]

    by_id = {entry["uuid"]: entry["usage"] for entry in organization["databases"]}
    for name in ("orders", "users"):
        database = (await platform.api("GET", f"/databases/{name}"))["database"]
        assert by_id[database["DbId"]] == await platform.usage(name)
    totals = organization["usage"]
    assert (totals["databases"], totals["groups"], totals["locations"]) == (2, 1, 1)
    for key in ("rows_read", "rows_written", "storage_bytes", "bytes_synced"):
        assert totals[key] == sum(used[key] for used in by_id.values())


async def test_usage_is_reported_per_instance_and_in_total(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    (instance,) = (await platform.api("GET", "/databases/orders/instances"))["instances"]

    usage = (await platform.api("GET", "/databases/orders/usage"))["database"]

    assert usage["instances"] == [{"uuid": instance["uuid"], "usage": usage["usage"]}]
    assert usage["total"] == usage["usage"]
    assert instance == {
        "uuid": instance["uuid"],
        "name": "local",
        "type": "primary",
        "region": "local",
        "hostname": "127.0.0.1:4000/db/orders",
    }


async def test_usage_of_a_period_includes_only_its_days(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1)")
    platform.turso.clock.offset = timedelta(days=40)
    later = Client(platform, "orders", await platform.token("orders"))
    await later.run("INSERT INTO t VALUES (2), (3)")
    start = datetime.now(UTC)

    async def written(since: Any, until: Any) -> int:
        query = {"from": since.isoformat(), "to": until.isoformat()}
        found = await platform.api("GET", "/databases/orders/usage", params=query)
        return int(found["database"]["usage"]["rows_written"])

    assert await written(start - timedelta(days=1), start + timedelta(days=1)) == 1
    assert await written(start + timedelta(days=30), start + timedelta(days=50)) == 2
    assert await written(start - timedelta(days=1), start + timedelta(days=50)) == 3
    assert (await platform.usage("orders"))["rows_written"] == 2
    assert (await platform.usage("orders"))["storage_bytes"] == 2 * 4096


@pytest.mark.parametrize("given", ["2024-01-01", "2024-01-01T00:00:00", "yesterday", "9999-99-99T00:00:00Z", "1"])
async def test_an_invalid_time_and_a_time_without_a_zone_are_refused(
    platform: Hosted, orders: Client, given: str
) -> None:
    refused = await platform.api("GET", "/databases/orders/usage", status=400, params={"from": given})

    assert refused["error"].startswith("invalid from parameter: parsing time ")


async def test_top_queries_are_ranked_in_both_endpoints(platform: Hosted, orders: Client) -> None:
    assert await platform.api("GET", "/databases/orders/stats") == {"top_queries": None}
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1), (2), (3)")
    for _ in range(3):
        await orders.run("SELECT * FROM t")

    bare = await platform.api("GET", "/databases/orders/usage/queries", params={"from": "2020-01-01T00:00:00Z"})

    assert bare[0] == {"query": "SELECT * FROM t", "rows_read": 9, "rows_written": 0}
    assert (await platform.api("GET", "/databases/orders/stats"))["top_queries"] == bare


async def test_usage_survives_a_restart(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    orders = await first.database("orders")
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1)")
    before = await first.usage("orders")
    await first.close()

    second = Hosted(tmp_path)

    assert await second.usage("orders") == before
    await second.close()


async def test_a_folder_of_an_earlier_version_is_upgraded(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    await (await first.database("orders")).run("CREATE TABLE t(a)")
    await first.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "catalog.db")) as catalog:
        catalog.executescript(OLDEST_CATALOGUE)

    second = Hosted(tmp_path)
    await (await second.database("orders")).run("INSERT INTO t VALUES (1)")

    assert (await second.usage("orders"))["rows_written"] == 1
    await second.close()


async def test_usage_that_a_kill_left_in_the_journal_is_counted_once_at_the_next_start(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    orders = await first.database("orders")
    await orders.run("CREATE TABLE t(a)")
    await first.turso.flush()
    await orders.run("INSERT INTO t VALUES (1)")
    first.turso.meter.take()  # as after a kill between the writes of the journal and of the catalogue
    first.turso.catalog.close()

    for _ in range(2):
        again = Hosted(tmp_path)
        assert (await again.usage("orders"))["rows_written"] == 1
        again.turso.catalog.close()
