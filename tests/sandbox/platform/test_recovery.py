"""Point-in-time copies: a database can be copied as of any time within the plan's retention."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import libsql
import pytest

from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.recovery import folder, recorder
from tests.sandbox.platform.hosting import CLOSE, OLDEST_CATALOGUE, Client, Hosted, Process, stmt

Copying = Callable[[datetime], Awaitable[Client]]


def now(platform: Hosted) -> datetime:
    return platform.turso.clock.now()


def rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def refused(platform: Hosted, timestamp: object, status: int = 400) -> str:
    """Request a copy of `orders`, assert that it is refused and not created, and return the error message."""
    seed = {"type": "database", "name": "orders", "timestamp": timestamp}
    answer = await platform.api("POST", "/databases", status, json={"name": "copy", "group": "default", "seed": seed})
    assert [each["Name"] for each in (await platform.api("GET", "/databases"))["databases"]] == ["orders"]
    return str(answer["error"])


@pytest.fixture
def copy(platform: Hosted) -> Copying:
    """Return a function that copies `orders` as of a time, and returns a client of the copy."""
    number = 0

    async def copying(at: datetime) -> Client:
        nonlocal number
        number += 1
        seed = {"type": "database", "name": "orders", "timestamp": rfc3339(at)}
        await platform.create(f"copy-{number}", group="default", seed=seed)
        return await platform.database(f"copy-{number}")

    return copying


async def rows(client: Client, sql: str = "SELECT a FROM t ORDER BY a") -> list[Any]:
    """Return the first column of a statement's rows."""
    return [row[0] for row in (await client.run(sql)).rows()]


async def test_a_copy_has_what_was_deleted_later_and_not_what_was_added_later(
    platform: Hosted, orders: Client, copy: Copying
) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    for number in range(1, 101):
        await orders.run("INSERT INTO t VALUES (?, ?)", number, "x" * 100)
    before = now(platform)
    await orders.run("DELETE FROM t WHERE a > 50")
    await orders.run("INSERT INTO t VALUES (200, 'later')")

    copied = await copy(before)

    assert await rows(copied) == list(range(1, 101))
    assert await rows(copied, "PRAGMA integrity_check") == ["ok"]
    assert await rows(orders) == [*range(1, 51), 200]
    shown = (await platform.api("GET", "/databases/copy-1"))["database"]
    original = (await platform.api("GET", "/databases/orders"))["database"]
    assert (shown["parent"]["id"], shown["parent"]["name"]) == (original["DbId"], "orders")


async def test_a_copy_has_exactly_the_rows_of_its_time(platform: Hosted, orders: Client, copy: Copying) -> None:
    chance = random.Random(13)
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
    moments: list[tuple[datetime, list[Any]]] = []
    for step in range(60):
        match chance.randrange(5):
            case 0:
                await orders.run(f"DELETE FROM t WHERE a % {chance.randrange(2, 5)} = 0")
            case 1:
                await orders.run("UPDATE t SET b = randomblob(?) WHERE a % 3 = 1", chance.randrange(1, 9000))
            case 2:
                await orders.run(f"CREATE TABLE IF NOT EXISTS u{step} AS SELECT * FROM t")
            case _:
                count = chance.randrange(1, 80)
                await orders.ask(
                    stmt("BEGIN"),
                    *[stmt("INSERT INTO t(b) VALUES (randomblob(700))") for _ in range(count)],
                    stmt("COMMIT" if chance.random() < 0.8 else "ROLLBACK"),
                    CLOSE,
                )
        state = (await orders.run("SELECT a, hex(b) FROM t ORDER BY a")).rows()
        moments.append((now(platform), state))

    for at, state in chance.sample(moments, 20):
        copied = await copy(at)
        assert (await copied.run("SELECT a, hex(b) FROM t ORDER BY a")).rows() == state
        assert await rows(copied, "PRAGMA integrity_check") == ["ok"]


async def test_a_copy_has_the_rows_of_its_time_after_checkpoints_and_across_segments(
    platform: Hosted, orders: Client, copy: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_FRAMES", 8)
    monkeypatch.setattr(folder, "SEGMENT_BYTES", 64 * 1024)
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    moments: list[tuple[datetime, int]] = []
    for number in range(1, 121):
        await orders.run("INSERT INTO t VALUES (?, ?)", number, "x" * 600)
        moments.append((now(platform), number))

    assert len(list((platform.turso.data / "history").rglob("*.log"))) > 3
    for at, number in moments[::17]:
        assert await rows(await copy(at), "SELECT count(*) FROM t") == [number]


async def test_a_copy_as_of_a_time_during_concurrent_writes_has_every_write_acknowledged_by_then(
    platform: Hosted, orders: Client, copy: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "CHECKPOINT_FRAMES", 4)
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    acknowledged = 0
    moments: list[tuple[int, datetime, int]] = []

    async def write(writer: int) -> None:
        nonlocal acknowledged
        for number in range(20):
            answer = await orders.run("INSERT INTO t(b) VALUES (?)", f"{writer} {number} " + "x" * 900)
            assert answer.code() is None
            acknowledged += 1

    async def look() -> None:
        for _ in range(10):
            await asyncio.sleep(0.02)
            least, at = acknowledged, now(platform)
            (most,) = await rows(orders, "SELECT count(*) FROM t")
            moments.append((least, at, most))

    await asyncio.gather(*map(write, range(6)), look())

    for least, at, most in moments:
        copied = await copy(at)
        assert least <= (await rows(copied, "SELECT count(*) FROM t"))[0] <= most
        assert await rows(copied, "PRAGMA integrity_check") == ["ok"]
    assert await rows(await copy(now(platform)), "SELECT count(*) FROM t") == [120]


async def test_a_copy_made_during_writes_has_whole_transactions(
    platform: Hosted, orders: Client, copy: Copying
) -> None:
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b INT)")
    done = False

    async def write() -> None:
        while not done:
            await orders.ask(
                stmt("BEGIN"), stmt("INSERT INTO t(b) VALUES (1)"), stmt("INSERT INTO t(b) VALUES (-1)"), stmt("COMMIT")
            )

    writing = asyncio.create_task(write())
    for _ in range(8):
        at = now(platform)
        copied = await copy(at)
        assert await rows(copied, "SELECT coalesce(sum(b), 0) FROM t") == [0]
    assert (await rows(copied, "SELECT count(*) FROM t"))[0] > 0
    done = True
    await writing


async def test_a_compressed_history_is_at_most_ten_seconds_off(
    platform: Hosted, orders: Client, copy: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SEGMENT_BYTES", 32 * 1024)
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    moments: list[tuple[datetime, int]] = []
    for number in range(1, 121):
        platform.turso.clock.offset = timedelta(seconds=number)
        await orders.run("INSERT INTO t VALUES (?, ?)", number, "x" * 300)
        moments.append((now(platform), number))
    history = platform.turso.data / "history"
    size = sum(file.stat().st_size for file in history.rglob("*.log"))

    await platform.turso.compact_histories()

    assert list(history.rglob("*.packed"))
    assert sum(file.stat().st_size for file in history.rglob("*.*")) < size / 3
    for at, number in moments[11::7]:
        (count,) = await rows(await copy(at), "SELECT count(*) FROM t")
        assert number - 10 <= count <= number


async def test_a_time_before_the_database_existed_or_in_the_future_is_refused(platform: Hosted) -> None:
    before = now(platform)
    platform.turso.clock.offset = timedelta(seconds=5)
    await platform.create("orders")

    assert await refused(platform, rfc3339(before)) == "timestamp is before database orders was created"
    assert await refused(platform, rfc3339(now(platform) + timedelta(minutes=1))) == "timestamp is in the future"


@pytest.mark.parametrize(
    ("plan", "reach", "words"),
    [
        ("starter", timedelta(hours=24), "24 hours on the starter plan"),
        ("developer", timedelta(days=10), "10 days on the developer plan"),
        ("scaler", timedelta(days=30), "30 days on the scaler plan"),
        ("pro", timedelta(days=90), "90 days on the pro plan"),
    ],
)
async def test_the_plan_decides_how_far_back_a_copy_can_be(
    platform: Hosted, orders: Client, copy: Copying, plan: str, reach: timedelta, words: str
) -> None:
    assert (await platform.http.post("/_admin/plan", json={"plan": plan})).status_code == 200
    await orders.run("CREATE TABLE t AS SELECT 1 AS a")
    written = now(platform)
    platform.turso.clock.offset = reach + timedelta(minutes=1)
    await orders.run("UPDATE t SET a = 2")

    assert await refused(platform, rfc3339(written)) == f"timestamp must be within the last {words}"
    platform.turso.clock.offset = reach - timedelta(minutes=1)
    assert await rows(await copy(written)) == [1]


@pytest.mark.parametrize(
    "odd", ["yesterday", "2026-11-27", "2026-11-27T14:02:00", 17, ["x"], "0001-01-01T00:00:00+23:59"]
)
async def test_an_invalid_timestamp_is_refused(platform: Hosted, orders: Client, odd: object) -> None:
    assert "timestamp" in await refused(platform, odd)


async def test_a_copy_counts_toward_the_plans_databases(platform: Hosted, orders: Client) -> None:
    await platform.http.post("/_admin/plan", json={"plan": "starter", "quotas": {"databases": 1}})

    assert await refused(platform, rfc3339(now(platform)), 402) == "maximum database count of 1 reached"


async def test_a_database_that_is_encrypted_with_a_customers_key_is_not_copied(
    platform: Hosted, orders: Client
) -> None:
    await platform.http.post("/_admin/databases/orders/encryption", json={"cipher": "aes256gcm"})

    assert (await platform.api("GET", "/databases/orders"))["database"]["encryption_cipher"] == "aes256gcm"
    assert "remote_encryption" in await refused(platform, rfc3339(now(platform)))
    assert "remote_encryption" in await refused(platform, None)


async def test_history_that_the_plan_no_longer_includes_is_deleted(
    platform: Hosted, orders: Client, copy: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SEGMENT_BYTES", 16 * 1024)
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    for day in range(40):
        platform.turso.clock.offset = timedelta(days=day)
        await orders.run("INSERT INTO t VALUES (?, ?)", day, "x" * 3000)
        await platform.turso.compact_histories()
    (history,) = (platform.turso.data / "history").iterdir()

    assert len(list(history.glob("0*"))) < 33
    at = now(platform) - timedelta(days=29, hours=23)
    assert (await rows(await copy(at)))[-1] in (9, 10)


async def test_a_history_that_is_too_big_is_shortened_and_earlier_copies_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "SEGMENT_BYTES", 64 * 1024)
    platform = Hosted(tmp_path, limits=Limits(history_bytes=256 * 1024))
    orders = await platform.database("orders")
    await orders.run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")
    await orders.run("INSERT INTO t VALUES (1, randomblob(30000))")
    early = now(platform)
    for _ in range(80):
        await orders.run("UPDATE t SET b = randomblob(30000)")
    await platform.turso.compact_histories()

    assert sum(file.stat().st_size for file in (tmp_path / "history").rglob("*.*")) < 400 * 1024
    assert await refused(platform, rfc3339(early)) == "timestamp is before the oldest recovery point of this database"
    await platform.create("copy", seed={"type": "database", "name": "orders", "timestamp": rfc3339(now(platform))})
    await platform.close()


async def test_a_destroyed_database_leaves_no_history(platform: Hosted, orders: Client) -> None:
    await orders.run("CREATE TABLE t(a)")
    assert list((platform.turso.data / "history").rglob("*.log"))

    await platform.api("DELETE", "/databases/orders")

    assert not list((platform.turso.data / "history").iterdir())


async def test_a_copy_cannot_be_from_before_histories_were_recorded(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    await (await first.database("orders")).run("CREATE TABLE t(a)")
    written = now(first)
    await first.close()
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as catalog:
        catalog.executescript(OLDEST_CATALOGUE)
    await asyncio.sleep(1)  # SQLite records the time of the upgrade in whole seconds

    second = Hosted(tmp_path)
    assert await refused(second, rfc3339(written)) == "timestamp is before the oldest recovery point of this database"
    await second.close()


async def test_a_history_whose_last_record_is_incomplete_is_continued(tmp_path: Path) -> None:
    first = Hosted(tmp_path)
    orders = await first.database("orders")
    await orders.run("CREATE TABLE t(a)")
    await orders.run("INSERT INTO t VALUES (1)")
    at = now(first)
    await first.close()
    (log,) = (tmp_path / "history").rglob("*.log")
    with log.open("ab") as file:
        file.write(log.read_bytes()[:100])

    second = Hosted(tmp_path)
    orders = await second.database("orders")
    await orders.run("DELETE FROM t")
    await second.create("copy", seed={"type": "database", "name": "orders", "timestamp": rfc3339(at)})

    assert await rows(await second.database("copy")) == [1]
    await second.close()


def test_a_real_client_opens_a_copy_as_of_a_time_before_a_kill(tmp_path: Path) -> None:
    first = Process(tmp_path)
    url, token = first.create("orders"), first.token("orders")
    connection = libsql.connect(database=url, auth_token=token)
    connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    connection.commit()
    moments = []
    for number in range(1, 31):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 2000))
        connection.commit()
        moments.append((datetime.now(UTC), number))
    connection.execute("DELETE FROM t WHERE a > 15")
    connection.commit()
    first.kill()

    second = Process(tmp_path)
    try:
        for at, number in (moments[3], moments[-1]):
            seed = {"type": "database", "name": "orders", "timestamp": rfc3339(at)}
            name = f"copy-{number}"
            second.api("POST", "/databases", json={"name": name, "group": "default", "seed": seed})
            copied = libsql.connect(f"{second.url}/db/{name}/", auth_token=second.token(name))
            assert copied.execute("SELECT count(*) FROM t").fetchall() == [(number,)]
    finally:
        second.stop()


def test_commits_that_a_kill_left_unrecorded_are_recorded_at_the_next_start(tmp_path: Path) -> None:
    def open_database(process: Process, name: str) -> Any:
        return libsql.connect(f"{process.url}/db/{name}/", auth_token=process.token(name))

    first = Process(tmp_path)
    first.create("orders")
    connection = open_database(first, "orders")
    for sql in ("CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"):
        connection.execute(sql)
        connection.commit()
    kept = datetime.now(UTC)
    first.kill()
    (log,) = (tmp_path / "history").rglob("*.log")
    recorded = log.stat().st_size
    with log.open("rb+") as file:
        file.truncate(100)  # as if the process had been killed while it wrote the first record

    second = Process(tmp_path)
    try:
        assert log.stat().st_size == recorded
        connection = open_database(second, "orders")
        connection.execute("DELETE FROM t WHERE a = 1")
        connection.commit()
        seed = {"type": "database", "name": "orders", "timestamp": rfc3339(kept)}
        second.api("POST", "/databases", json={"name": "copy", "group": "default", "seed": seed})
        assert open_database(second, "copy").execute("SELECT a FROM t").fetchall() == [(1,), (2,)]
    finally:
        second.stop()
