"""Many clients at once, and processes that are killed while they work."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox.platform.hrana.limits import Limits
from tests.http import local_client
from tests.sandbox.platform.hosting import CLOSE, Client, Hosted, Process, stmt

CLIENTS = 50


async def test_fifty_clients_write_to_one_database_and_nothing_is_lost(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(client, number)")

    async def write(client: Any) -> None:
        for number in range(4):
            answer = await orders.run("INSERT INTO t VALUES (?, ?)", client, number)
            assert answer.code() is None

    await asyncio.gather(*(write(client) for client in range(CLIENTS)))

    found = await orders.run("SELECT client, group_concat(number, '') FROM (SELECT * FROM t ORDER BY 1, 2) GROUP BY 1")
    assert found.rows() == [[client, "0123"] for client in range(CLIENTS)]


async def test_transactions_over_several_requests_take_turns(platform: Hosted, orders: Client) -> None:
    await orders.ask(stmt("CREATE TABLE t(n)"), stmt("INSERT INTO t VALUES (0)"), CLOSE)

    async def add() -> None:
        begun = await orders.ask(stmt("BEGIN IMMEDIATE"), stmt("SELECT n FROM t"))
        assert begun.code(0) is None
        ((n,),) = begun.rows(1)
        await orders.ask(stmt("UPDATE t SET n = ?", n + 1), stmt("COMMIT"), CLOSE, baton=begun.baton)

    await asyncio.gather(*(add() for _ in range(20)))

    assert (await orders.run("SELECT n FROM t")).rows() == [[20]]


async def test_fifty_clients_write_to_ten_databases_and_nothing_is_lost(platform: Hosted) -> None:
    databases = [await platform.database(f"db-{number}") for number in range(10)]

    async def use(number: Any) -> None:
        database = databases[number % 10]
        await database.run("CREATE TABLE IF NOT EXISTS t(a)")
        await database.run("INSERT INTO t VALUES (?)", number)

    await asyncio.gather(*(use(number) for number in range(CLIENTS)))

    for number, database in enumerate(databases):
        found = (await database.run("SELECT a FROM t ORDER BY a")).rows()
        assert found == [[each] for each in range(number, CLIENTS, 10)]


async def test_fifty_clients_over_real_connections_get_their_own_rows(server: Process) -> None:
    url = server.create("shared")
    headers = {"authorization": f"Bearer {server.token('shared')}"}
    create = stmt("CREATE TABLE IF NOT EXISTS t(a)")

    async def use(number: Any) -> Any:
        async with local_client(headers=headers, timeout=60) as client:
            for sql in ("INSERT INTO t VALUES (?)", "UPDATE t SET a = a WHERE a = ?", "SELECT a FROM t WHERE a = ?"):
                body = {"requests": [create, stmt(sql, number), CLOSE]}
                answer = (await client.post(f"{url}v3/pipeline", json=body)).json()
                assert [entry["type"] for entry in answer["results"]] == ["ok"] * 3
        return answer["results"][1]["response"]["result"]["rows"][0][0]["value"]

    assert await asyncio.gather(*(use(number) for number in range(CLIENTS))) == [str(each) for each in range(CLIENTS)]


async def test_many_databases_are_served_with_few_open_at_once(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, limits=Limits(open_databases=3))
    databases = [await hosted.database(f"db-{number}") for number in range(12)]

    for _ in range(2):
        for database in databases:
            await database.run("CREATE TABLE IF NOT EXISTS t(a)")
            await database.run("INSERT INTO t VALUES (1)")

    assert len(list(hosted.turso.plane.folder.glob("*-wal"))) <= 4
    assert [(await database.run("SELECT count(*) FROM t")).rows() for database in databases] == [[[2]]] * 12
    await hosted.close()


async def test_too_many_open_streams_are_refused_until_some_are_closed(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, limits=Limits(streams=2))
    orders = await hosted.database("orders")
    opened = [await orders.ask(stmt("SELECT 1")) for _ in range(2)]

    refused = await orders.post(json={"requests": []})

    assert (refused.status_code, refused.json()["code"]) == (503, "TRANSACTION_BUSY")
    await orders.ask(CLOSE, baton=opened[0].baton)
    assert (await orders.run("SELECT 1")).rows() == [[1]]
    await hosted.close()


async def test_reads_continue_during_a_write(platform: Hosted, orders: Client) -> None:
    await orders.ask(stmt("CREATE TABLE t(a)"), stmt("INSERT INTO t VALUES (1)"), CLOSE)
    writing = await orders.ask(stmt("BEGIN IMMEDIATE"), stmt("INSERT INTO t VALUES (2)"))

    answers = await asyncio.wait_for(asyncio.gather(*(orders.run("SELECT a FROM t") for _ in range(CLIENTS))), 10)

    assert all(answer.rows() == [[1]] for answer in answers)
    await orders.ask(stmt("COMMIT"), CLOSE, baton=writing.baton)
    assert (await orders.run("SELECT a FROM t")).rows() == [[1], [2]]


async def test_the_event_loop_answers_others_during_a_long_statement(platform: Hosted, orders: Client) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
    running = asyncio.create_task(orders.run(slow))
    await asyncio.sleep(0.05)

    await platform.api("GET", "/databases")
    await orders.run("SELECT 1")

    assert not running.done()
    assert (await running).rows() == [[3000000]]


async def test_a_connection_is_set_to_wait_for_the_disk_at_each_commit(orders: Client) -> None:
    answer = await orders.ask(stmt("PRAGMA synchronous"), stmt("PRAGMA journal_mode"), stmt("BEGIN IMMEDIATE"), CLOSE)

    assert (answer.rows(0), answer.rows(1)) == ([[2]], [["wal"]])


def test_a_kill_loses_no_acknowledged_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged: list[int] = []
    server = Process(data)
    url = server.create("orders")
    headers = {"authorization": f"Bearer {server.token('orders')}"}
    writers = [
        threading.Thread(target=write, args=(url, headers, first, acknowledged)) for first in range(0, 4000, 1000)
    ]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 60:
        assert any(writer.is_alive() for writer in writers)
    server.kill()
    for writer in writers:
        writer.join()

    again = Process(data)
    found = again.http.post(
        "/db/orders/v2/pipeline",
        headers=headers,
        json={"requests": [stmt("SELECT a FROM t"), stmt("PRAGMA quick_check")]},
    ).json()["results"]

    kept = {int(row[0]["value"]) for row in found[0]["response"]["result"]["rows"]}
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= kept
    assert found[1]["response"]["result"]["rows"][0][0]["value"] == "ok"
    assert again.usage("orders")["storage_bytes"] > 0
    again.stop()
    (path,) = (data / "databases").glob("*.db")
    assert sqlite3.connect(path).execute("SELECT count(*) FROM t").fetchone() == (len(kept),)


def test_the_usage_of_every_acknowledged_request_survives_a_kill(tmp_path: Path) -> None:
    server = Process(tmp_path)
    url, token = server.create("orders"), server.token("orders")
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, trust_env=False) as client:
        for number in range(5):  # takes less than a second, after which usage would be written to the catalogue
            body = {
                "requests": [stmt("CREATE TABLE IF NOT EXISTS t(a)"), stmt("INSERT INTO t VALUES (?)", number), CLOSE]
            }
            assert client.post(f"{url}v2/pipeline", json=body).json()["results"][1]["type"] == "ok"
        steps = [{"stmt": {"sql": "INSERT INTO t VALUES (9)"}}, {"stmt": {"sql": "SELECT * FROM t"}}]
        assert b"step_error" not in client.post(f"{url}v3/cursor", json={"batch": {"steps": steps}}).content
    server.kill()

    again = Process(tmp_path)
    used = again.usage("orders")
    again.kill()  # after a second kill, nothing may be counted twice
    third = Process(tmp_path)

    assert used["rows_written"] == 6
    assert used["rows_read"] >= 6
    assert third.usage("orders") == used
    queries = third.api("GET", "/databases/orders/usage/queries")
    assert any("INSERT INTO t VALUES (9)" in str(one) for one in queries)
    third.stop()
    assert not list((tmp_path / "usage").iterdir())


def write(url: str, headers: Any, first: Any, acknowledged: Any) -> None:
    """Insert a thousand numbers, or fewer if the server is killed. Append each acknowledged one to `acknowledged`."""
    with httpx.Client(headers=headers, trust_env=False) as client:
        create = stmt("CREATE TABLE IF NOT EXISTS t(a)")
        for number in range(first, first + 1000):
            body = {"requests": [create, stmt("INSERT INTO t VALUES (?)", number), CLOSE]}
            try:
                answer = client.post(f"{url}v2/pipeline", json=body).json()
            except (httpx.HTTPError, ValueError):
                return
            if answer["results"][1]["type"] == "ok":
                acknowledged.append(number)


def test_files_that_a_killed_process_left_unfinished_are_removed_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = Process(data)
    first.create("orders")
    orphan = data / "databases" / "0193c0de-7a11-7c3e-9d55-2f6b1c0a9e42.db"
    orphan.write_bytes(b"")
    first.kill()

    second = Process(data)

    assert second.api("GET", "/databases")["databases"][0]["Name"] == "orders"
    assert not orphan.exists()
    second.stop()


def test_two_processes_cannot_share_a_folder(tmp_path: Path) -> None:
    first = Process(tmp_path)
    with pytest.raises(AssertionError, match="did not start"):
        Process(tmp_path)
    first.stop()
