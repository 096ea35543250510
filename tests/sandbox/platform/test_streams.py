"""Streams: transactions over several requests, and the batons that identify them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.hrana.stream import Stream
from tests.present import present
from tests.sandbox.platform.hosting import CLOSE, Client, Hosted, stmt


async def test_a_transaction_may_span_several_requests(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    first = await orders.ask(stmt("BEGIN IMMEDIATE"), stmt("INSERT INTO t VALUES (1)"))
    second = await orders.ask(stmt("INSERT INTO t VALUES (2)"), baton=first.baton)
    assert first.baton != second.baton
    assert (await orders.run("SELECT count(*) FROM t")).rows() == [[0]]

    third = await orders.ask(stmt("COMMIT"), CLOSE, baton=second.baton)

    assert third.baton is None
    assert (await orders.run("SELECT a FROM t")).rows() == [[1], [2]]


async def test_a_closed_stream_rolls_back_what_was_not_committed(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")

    await orders.ask(stmt("BEGIN"), stmt("INSERT INTO t VALUES (1)"), CLOSE)

    assert (await orders.run("SELECT count(*) FROM t")).rows() == [[0]]


async def test_a_baton_is_valid_once(orders: Client) -> None:
    first = await orders.ask(stmt("SELECT 1"))
    await orders.ask(stmt("SELECT 2"), baton=first.baton)

    refused = await orders.post(json={"baton": first.baton, "requests": []})

    assert (refused.status_code, refused.text) == (400, "Received a baton that has already been used")


async def test_batons_are_bound_to_stream_and_database(platform: Hosted, orders: Client) -> None:
    opened = await orders.ask(stmt("SELECT 1"))
    users = await platform.database("users")

    baton = present(opened.baton)
    for client, wrong in ((users, baton), (orders, "AAAA"), (orders, "?"), (orders, baton[:-4] + "AAAA")):
        refused = await client.post(json={"baton": wrong, "requests": []})
        assert (refused.status_code, refused.text) == (400, "Received an invalid baton")


async def test_of_two_requests_on_one_stream_at_once_one_is_refused(orders: Client) -> None:
    opened = await orders.ask(stmt("SELECT 1"))
    slow = stmt("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n")

    responses = await asyncio.gather(*(orders.post(json={"baton": opened.baton, "requests": [slow]}) for _ in range(2)))

    assert sorted(response.status_code for response in responses) == [200, 400]


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Hosted]:
    """Yield a local Turso with short timeouts."""
    limits = Limits(stream_idle_seconds=0.3, transaction_seconds=0.3, busy_seconds=3, statement_seconds=0.5)
    hosted = Hosted(tmp_path, limits=limits)
    yield hosted
    await hosted.close()


async def test_an_idle_stream_expires_and_its_transaction_is_rolled_back(hasty: Hosted) -> None:
    orders = await hasty.database("orders")
    await orders.run("CREATE TABLE t(a)")
    opened = await orders.ask(stmt("BEGIN IMMEDIATE"), stmt("INSERT INTO t VALUES (1)"))
    await asyncio.sleep(0.4)
    await hasty.turso.plane.sweep(now=True)

    refused = await orders.post(json={"baton": opened.baton, "requests": []})

    assert refused.status_code == 400
    assert refused.json() == {"message": "The stream has expired due to inactivity", "code": "STREAM_EXPIRED"}
    assert (await orders.run("INSERT INTO t VALUES (2) RETURNING a")).rows() == [[2]]
    assert (await orders.run("SELECT a FROM t")).rows() == [[2]]


async def test_a_transaction_that_holds_the_write_lock_is_aborted_when_others_wait(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, limits=Limits(transaction_seconds=0.3))
    orders = await hosted.database("orders")
    await orders.run("CREATE TABLE t(a)")
    sitting = await orders.ask(stmt("BEGIN IMMEDIATE"), stmt("INSERT INTO t VALUES ('sitting')"))

    assert (await orders.run("INSERT INTO t VALUES ('waiting')")).code() is None

    late = await orders.ask(stmt("INSERT INTO t VALUES ('late')"), stmt("SELECT a FROM t"), baton=sitting.baton)
    assert late.code(0) == "TRANSACTION_TIMEOUT"
    assert late.rows(1) == [["waiting"]]
    await hosted.close()


async def test_a_statement_that_runs_too_long_is_interrupted(hasty: Hosted) -> None:
    orders = await hasty.database("orders")

    answer = await orders.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")

    assert answer.code() == "SQLITE_INTERRUPT"


@pytest.mark.parametrize("begin", ["BEGIN READONLY", "begin transaction readonly", "BEGIN TRANSACTION READONLY;"])
async def test_a_read_only_transaction_is_accepted_and_cannot_write(orders: Client, begin: str) -> None:
    await orders.run("CREATE TABLE t(a)")

    answer = await orders.ask(
        stmt(begin), stmt("SELECT count(*) FROM t"), stmt("INSERT INTO t VALUES (1)"), stmt("COMMIT"),
        stmt("INSERT INTO t VALUES (2)"), stmt("SELECT a FROM t"), CLOSE,
    )  # fmt: skip

    assert [answer.code(position) for position in range(6)] == [None, None, "BLOCKED", None, None, None]
    assert answer.rows(5) == [[2]]


async def test_a_cursor_streams_its_steps_as_lines(orders: Client) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY)")
    steps = [
        {"stmt": {"sql": "INSERT INTO t VALUES (7), (8)"}},
        {"stmt": {"sql": "SELECT a FROM t"}, "condition": {"type": "ok", "step": 0}},
        {"stmt": {"sql": "SELECT nope"}},
        {"stmt": {"sql": "SELECT 'skipped'"}, "condition": {"type": "ok", "step": 2}},
    ]

    response = await orders.post("v3/cursor", json={"baton": None, "batch": {"steps": steps}})

    head, *entries = [json.loads(line) for line in response.content.splitlines()]
    assert head["base_url"] is None
    assert [entry["type"] for entry in entries] == [
        "step_begin", "step_end", "step_begin", "row", "row", "step_end", "step_error",
    ]  # fmt: skip
    assert entries[0] == {"type": "step_begin", "step": 0, "cols": []}
    assert entries[1] == {"type": "step_end", "affected_row_count": 2, "last_insert_rowid": "8"}
    assert entries[2]["cols"] == [{"name": "a", "decltype": "INTEGER"}]
    assert entries[3] == {"type": "row", "row": [{"type": "integer", "value": "7"}]}
    assert (entries[6]["step"], entries[6]["error"]["code"]) == (2, "SQL_INPUT_ERROR")
    assert (await orders.ask(stmt("SELECT 1"), CLOSE, baton=head["baton"])).rows() == [[1]]


async def test_the_baton_of_a_cursor_may_be_used_before_its_last_row_is_sent(
    orders: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i FROM n"
    streams = orders.platform.turso.plane.streams
    sent_baton: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    keep = streams.keep

    def tells(stream: Stream) -> str:
        sent_baton.set_result(keep(stream))
        return sent_baton.result()

    monkeypatch.setattr(streams, "keep", tells)
    running = asyncio.create_task(orders.post("v3/cursor", json={"batch": {"steps": [{"stmt": {"sql": sql}}]}}))

    early = await orders.ask(stmt("SELECT 1"), baton=await sent_baton)

    assert early.rows() == [[1]]
    assert (await running).text.count('"type":"row"') == 200000
    used = await orders.post(json={"baton": sent_baton.result(), "requests": []})
    assert used.status_code == 400


async def test_a_cursor_has_no_limit_on_its_total_length(orders: Client) -> None:
    sql = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
        " SELECT hex(zeroblob(25000)) FROM n"
    )

    response = await orders.post("v3/cursor", json={"batch": {"steps": [{"stmt": {"sql": sql}}]}})

    assert len(response.content) > 15_000_000
    assert response.text.count('"type":"row"') == 300
