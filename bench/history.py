"""Measures how much slower `audit` and `requests` are with a million entries in the store than with a thousand."""

import contextlib
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.signing import CHANNEL, REQUESTER
from bench.systems import Fleet
from bot.commands.requests.requests import MOST, OPEN
from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.store.schema.upgrading import upgrade
from bot.store.store import SqlStore, open_store

FEW, MANY = 1000, 1_000_000
NAMES = [f"orders-{number}" for number in range(20)]


class _Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def pages(fleet: Fleet) -> dict[str, float]:
    """Measure budget 17: the time to read a page of the audit log, and open requests.

    These are the newest open requests in a channel, and the newest ones of one person in that channel.
    """
    found: dict[int, list[float]] = {}
    for count in (FEW, MANY):
        file = fleet.folder / f"history-{count}.db"
        await _fill(file, count)
        async with open_store(f"sqlite:///{file}", _Now()) as store:
            found[count] = [await _median(read) for read in _reads(store)]
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()
    ratios = [many / few for few, many in zip(found[FEW], found[MANY], strict=True)]
    return {"17": max(ratios), "ms.audit page": 1000 * found[MANY][0], "ms.requests": 1000 * found[MANY][1]}


def _reads(store: SqlStore) -> list[Callable[[], Awaitable[object]]]:
    return [
        lambda: store.audit.page(before_seq=None, limit=20, databases=NAMES),
        lambda: store.requests.find(states=OPEN, channel_id=CHANNEL, limit=MOST),
        lambda: store.requests.find(states=OPEN, requester=REQUESTER, channel_id=CHANNEL, limit=MOST),
    ]


async def _median(read: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(25):
        began = time.perf_counter()
        await read()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def _fill(file: Path, count: int) -> None:
    """Write one audit entry and 40 pending requests through the store, as the bot does.

    Then add `count` copies of the entry and `count` finished requests.
    """
    await upgrade(f"sqlite:///{file}")
    now = datetime.now(UTC)
    async with open_store(f"sqlite:///{file}", _Now()) as store:
        await store.audit.append(AuditEntry(now, "read", "allowed", REQUESTER, CHANNEL, "list", (NAMES[0],)))
        for number in range(40):
            await store.requests.open(_request(number, now), Transition(State.PENDING, now, {}))
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA synchronous=OFF")
        _copy(connection, "audit_log", {"seq": ":seq + n.i"}, count)
        connection.execute(
            "INSERT OR IGNORE INTO touched (database, seq) SELECT 'orders-' || (seq % 200), seq FROM audit_log"
        )
        done = {"id": "id || '-' || n.i", "intent_id": "'i-' || n.i", "state": "'succeeded'"}
        _copy(connection, "requests", done, count)
        connection.execute("PRAGMA optimize")


def _copy(connection: sqlite3.Connection, table: str, changed: dict[str, str], count: int) -> None:
    rows = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
    names = [row[1] for row in rows if row[6] == 0]  # SQLite computes the other columns
    given = ", ".join(changed.get(name, f'one."{name}"') for name in names).replace(":seq", "one.seq")
    listed = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"INSERT INTO {table} ({listed}) SELECT {given} FROM n, (SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1) one"
    )


def _request(number: int, now: datetime) -> Request:
    target = PlanTarget(NAMES[number % 20], f"id-{number}", "default")
    return Request(
        id=f"r-{number:010}",
        intent_id=f"i-{number:010}",
        mode=Mode.APPROVAL,
        state=State.PENDING,
        command="destroy",
        line=f"db destroy {target.name} --now",
        plan=Plan(target=target, steps=(f"Destroy {target.name}",), arguments={"number": number}),
        organization="bench",
        channel_id=CHANNEL,
        thread_ts=None,
        requester=REQUESTER,
        requester_team="T0BENCH",
        created_at=now,
    )
