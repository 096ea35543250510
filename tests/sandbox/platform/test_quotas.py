"""Quotas: when a quota is exceeded, all databases of the organization are blocked.

They are unblocked by overages, by a bigger plan or by the next month.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import libsql
import pytest

from tests.sandbox.platform.hosting import CLOSE, Client, Hosted, Process, stmt

READS = (
    "Operation was blocked: SQL read operations are forbidden (reads are blocked, do you need to upgrade your plan?)"
)
WRITES = (
    "Operation was blocked: SQL write operations are forbidden (writes are blocked, do you need to upgrade your plan?)"
)


async def subscribe(platform: Hosted, status: int = 200, **body: Any) -> Any:
    """Change the organization's plan or quotas, check the status of the response, and return its JSON."""
    response = await platform.http.post("/_admin/plan", json=body)
    assert response.status_code == status, response.text
    return response.json()


async def spike(platform: Hosted, name: str = "orders", **counts: Any) -> None:
    """Add usage to a database."""
    response = await platform.http.post(f"/_admin/databases/{name}/spike", json=counts)
    assert response.status_code == 200, response.text


async def organization(platform: Hosted) -> Any:
    return (await platform.api("GET"))["organization"]


async def blocked(platform: Hosted) -> tuple[bool, bool]:
    """Return whether the organization's reads and writes are blocked."""
    shown = await organization(platform)
    return shown["blocked_reads"], shown["blocked_writes"]


async def words(client: Client, sql: str) -> str | None:
    """Run a statement, and return the message with which it was blocked. None if it wasn't blocked."""
    answer = await client.run(sql)
    return str(answer[0]["message"]) if answer.code() == "BLOCKED" else None


@pytest.fixture
async def carts(platform: Hosted, orders: Client) -> Client:
    """Return a second database with the same table as the first."""
    carts = await platform.database("carts")
    for client in (orders, carts):
        await client.run("CREATE TABLE t(a)")
    return carts


@pytest.mark.parametrize(
    ("used", "quota", "reads", "writes"),
    [
        pytest.param({"rows_read": 5000}, "rowsRead", READS, READS, id="rows read"),
        pytest.param({"rows_written": 5000}, "rowsWritten", None, WRITES, id="rows written"),
        pytest.param({"bytes_synced": 5000}, "bytesSynced", READS, READS, id="bytes synced"),
    ],
)
async def test_an_exceeded_quota_blocks_every_database_until_overages_are_on(
    platform: Hosted,
    orders: Client,
    carts: Client,
    used: dict[str, Any],
    quota: str,
    reads: str | None,
    writes: str | None,
) -> None:
    await subscribe(platform, plan="starter", quotas={quota: 4000})
    assert await blocked(platform) == (False, False)

    await spike(platform, **used)

    assert await blocked(platform) == (reads is not None, writes == WRITES)
    for client in (orders, carts):
        assert await words(client, "SELECT * FROM t") == reads
        assert await words(client, "INSERT INTO t VALUES (1)") == writes

    changed = (await platform.api("PATCH", json={"overages": True}))["organization"]
    assert (changed["overages"], changed["blocked_reads"], changed["blocked_writes"]) == (True, False, False)
    for client in (orders, carts):
        await client.run("INSERT INTO t VALUES (1)")
        assert (await client.run("SELECT a FROM t")).rows() == [[1]]
    assert (await platform.api("GET", "/subscription"))["subscription"]["overages"] is True

    await platform.api("PATCH", json={"overages": False})
    assert await words(carts, "INSERT INTO t VALUES (2)") == writes


async def test_storage_beyond_the_quota_blocks_writes_until_a_database_is_destroyed(
    platform: Hosted, orders: Client, carts: Client
) -> None:
    await subscribe(platform, quotas={"storage": 40_000})
    await orders.run("INSERT INTO t VALUES (zeroblob(50000))")

    assert await blocked(platform) == (False, True)
    assert await words(carts, "INSERT INTO t VALUES (1)") == WRITES
    assert (await carts.run("SELECT count(*) FROM t")).rows() == [[0]]

    await platform.api("DELETE", "/databases/orders")
    assert await blocked(platform) == (False, False)
    assert await words(carts, "INSERT INTO t VALUES (1)") is None


async def test_an_open_stream_is_blocked_too(platform: Hosted, orders: Client, carts: Client) -> None:
    opened = await carts.ask(stmt("BEGIN"), stmt("INSERT INTO t VALUES (1)"))
    await subscribe(platform, quotas={"rowsWritten": 10})
    await spike(platform, rows_written=11)

    answer = await carts.ask(stmt("INSERT INTO t VALUES (2)"), stmt("COMMIT"), CLOSE, baton=opened.baton)

    assert (answer.code(0), answer.code(1)) == ("BLOCKED", None)
    assert (await carts.run("SELECT a FROM t")).rows() == [[1]]


async def test_statements_use_up_a_quota(platform: Hosted, orders: Client) -> None:
    await subscribe(platform, quotas={"rowsWritten": 5})
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1), (2), (3), (4), (5), (6)")
    await platform.turso.flush()
    await platform.turso.enforce_quotas()

    assert await words(orders, "INSERT INTO t VALUES (7)") == WRITES


async def test_a_fully_used_quota_is_not_exceeded(platform: Hosted, orders: Client) -> None:
    await subscribe(platform, quotas={"rowsRead": 1000})

    await spike(platform, rows_read=1000)
    assert await blocked(platform) == (False, False)
    await spike(platform, rows_read=1)
    assert await blocked(platform) == (True, False)


async def test_a_new_month_begins_with_no_usage(platform: Hosted, orders: Client, carts: Client) -> None:
    await subscribe(platform, quotas={"rowsRead": 1000})
    await spike(platform, rows_read=5000)
    assert await words(carts, "SELECT 1") == READS

    platform.turso.clock.offset = timedelta(days=32)
    await platform.turso.enforce_quotas()

    assert await words(carts, "SELECT 1") is None
    assert (await platform.api("GET", "/usage"))["organization"]["usage"]["rows_read"] < 1000


async def test_a_bigger_plan_unblocks(platform: Hosted, orders: Client) -> None:
    await subscribe(platform, plan="starter")
    await spike(platform, rows_read=600_000_000)
    assert await words(orders, "SELECT 1") == READS

    await subscribe(platform, plan="developer")

    assert await words(orders, "SELECT 1") is None
    assert (await platform.api("GET", "/subscription"))["subscription"]["plan"] == "developer"
    assert (await organization(platform))["plan_id"] == "developer"


async def test_a_spike_is_in_the_usage_with_its_statement(platform: Hosted, orders: Client) -> None:
    await spike(platform, rows_read=9000, rows_written=70, bytes_synced=3, query="SELECT * FROM big")

    used = await platform.usage("orders")
    assert (used["rows_read"], used["rows_written"], used["bytes_synced"]) == (9000, 70, 3)
    since = datetime.now(UTC) - timedelta(hours=1)
    query = {"from": since.isoformat().replace("+00:00", "Z")}
    (top,) = await platform.api("GET", "/databases/orders/usage/queries", params=query)
    assert top == {"query": "SELECT * FROM big", "rows_read": 9000, "rows_written": 70}


async def test_every_plan_is_listed_and_the_current_one_has_its_quotas(platform: Hosted) -> None:
    await subscribe(platform, plan="developer", quotas={"rowsRead": 7, "databases": 3})

    for path in ("/v1/organizations/acme/plans", "/v1/plans"):
        listed = {plan["name"]: plan["quotas"] for plan in (await platform.http.get(path)).json()["plans"]}
        assert list(listed) == ["starter", "developer", "scaler", "pro"]
        assert (listed["developer"]["rowsRead"], listed["developer"]["databases"]) == (7, 3)
        assert listed["developer"]["rowsWritten"] == 25_000_000
        assert listed["starter"]["rowsRead"] == 500_000_000


@pytest.mark.parametrize(
    "body",
    [
        {"plan": "gold"},
        {"quotas": {"rows": 3}},
        {"quotas": ["rowsRead"]},
        {"quotas": {"rowsRead": "many"}},
        {"plan": 7},
    ],
)
async def test_an_unknown_plan_or_quota_changes_nothing(platform: Hosted, body: dict[str, Any]) -> None:
    before = await platform.api("GET", "/plans")

    await subscribe(platform, 400, **body)

    assert await platform.api("GET", "/plans") == before


async def test_overages_are_in_the_audit_log_once(platform: Hosted) -> None:
    for _ in range(2):
        await platform.api("PATCH", json={"overages": True})

    entries = (await platform.api("GET", "/audit-logs"))["audit_logs"]
    assert [entry["code"] for entry in entries].count("org-set-overages") == 1


async def test_a_block_survives_a_restart(tmp_path: Path) -> None:
    first = Hosted(tmp_path, admin=True)
    await first.create("orders")
    await subscribe(first, quotas={"rowsRead": 1000})
    await spike(first, rows_read=5000)
    await first.close()

    second = Hosted(tmp_path)
    assert await words(await second.database("orders"), "SELECT 1") == READS
    await second.close()


def test_a_python_client_gets_tursos_message_and_works_again_with_overages(server: Process) -> None:
    connection = libsql.connect(server.create("orders"), auth_token=server.token("orders"))
    connection.execute("CREATE TABLE t(a)")
    connection.commit()
    server.http.post("/_admin/plan", json={"quotas": {"rowsWritten": 10}}).raise_for_status()
    server.http.post("/_admin/databases/orders/spike", json={"rows_written": 11}).raise_for_status()

    with pytest.raises(ValueError, match=r"do you need to upgrade your plan\?.*BLOCKED"):
        connection.execute("INSERT INTO t VALUES (1)")
    server.api("PATCH", json={"overages": True})

    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
