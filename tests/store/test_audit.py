"""The audit log: concurrent writers make one chain, and every combination of filters returns the right page."""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.core.audit import verify_stream
from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.request import State
from bot.store.repositories import audit_chain
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import entry, incoming, move, request

ROOT = Path(__file__).parents[2]


async def test_an_entry_reads_back_as_it_was_written(store: SqlStore) -> None:
    wrote = entry(reason="naïve “quotes” 🧊", detail={"votes": ["U0BEN"], "n": 1})

    await store.audit.append(wrote)

    assert await store.audit.page(before_seq=None, limit=5) == [(1, wrote)]


async def test_many_writers_write_one_chain(store: SqlStore, other: SqlStore) -> None:
    await store.requests.open(request(), move(State.PENDING, event="asked"))

    def write(number: int) -> Awaitable[object]:
        if number % 10:
            return (store, other)[number % 2].audit.append(entry(str(number)), entry("pair"))
        again = move(State.PENDING, event="moved")
        return (store, other)[number % 2].requests.move("r-0000000001", expect=[State.PENDING], move=again)

    await asyncio.gather(*(write(number) for number in range(60)))

    checked = await verify_stream(store.audit.chain())
    assert checked.fault is None
    assert checked.entries == 1 + 54 * 2 + 6
    assert await store.audit.head() == (checked.entries, checked.head)


async def test_an_entry_that_cannot_be_written_does_not_make_other_entries_fail(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = audit_chain.append

    def refuse(connection: Connection, entries: Sequence[AuditEntry]) -> None:
        if any(one.reason == "bad" for one in entries):
            raise ValueError("such text cannot be kept")
        written(connection, entries)

    monkeypatch.setattr(audit_chain, "append", refuse)

    ended = await asyncio.gather(
        *(store.audit.append(entry(str(number))) for number in range(5)),
        store.audit.append(entry(reason="bad")),
        store.intents.record(incoming()),
        return_exceptions=True,
    )

    assert [type(one) for one in ended] == [type(None)] * 5 + [ValueError, bool]
    assert (await verify_stream(store.audit.chain())).entries == 5
    await store.audit.append(entry("after"))


async def test_processes_that_write_at_the_same_time_write_one_chain(store: SqlStore, database_url: str) -> None:
    script = (
        "import asyncio\n"
        "from bot.store.store import open_store\n"
        "from tests.store.conftest import StoppedClock\n"
        "from tests.store.samples import entry\n"
        "async def main():\n"
        f"    async with open_store({database_url!r}, StoppedClock()) as store:\n"
        "        for n in range(15):\n"
        "            await asyncio.gather(*(store.audit.append(entry(str(n))) for _ in range(4)))\n"
        "asyncio.run(main())\n"
    )

    writers = [await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT) for _ in range(2)]
    assert [await writer.wait() for writer in writers] == [0, 0]

    checked = await verify_stream(store.audit.chain())
    assert (checked.entries, checked.fault) == (120, None)


async def test_every_combination_of_filters_returns_the_right_page(store: SqlStore) -> None:
    names = [("orders",), ("users",), ("orders", "users"), (), ("logs",)]
    wrote = [
        entry(
            str(number),
            at=NOON + timedelta(minutes=number),
            databases=names[number % 5],
            user_id=f"U{number % 3}",
            channel_id=f"C{number % 2}",
        )
        for number in range(60)
    ]
    await store.audit.append(*wrote)

    asked = product(
        (None, 31), (None, ["orders"], ["users", "logs", "none"], []), (None, "C1"), (None, "U2"), (None, 20)
    )
    for before, databases, channel, user, minutes in asked:
        since = None if minutes is None else NOON + timedelta(minutes=minutes)
        want = [
            (number + 1, one)
            for number, one in reversed(list(enumerate(wrote)))
            if (before is None or number + 1 < before)
            and (databases is None or set(one.databases) & set(databases))
            and (channel is None or one.channel_id == channel)
            and (user is None or one.user_id == user)
            and (since is None or one.at >= since)
        ]
        page = await store.audit.page(
            before_seq=before, limit=7, databases=databases, channel_id=channel, user_id=user, since=since
        )
        assert page == want[:7], (before, databases, channel, user, minutes)


async def test_an_entry_with_a_later_time_than_the_next_one_is_found_after_a_quiet_day(store: SqlStore) -> None:
    fast, slow = entry("fast", at=NOON + timedelta(seconds=5)), entry("slow", at=NOON + timedelta(seconds=1))
    await store.audit.append(entry("old", at=NOON - timedelta(days=1)), fast, slow)

    found = await store.audit.page(before_seq=None, limit=5, since=NOON)

    assert [one for _, one in found] == [slow, fast], "the clocks of two processes may differ"


async def test_entries_can_be_filtered_by_ten_thousand_databases(store: SqlStore) -> None:
    await store.audit.append(*(entry(databases=(f"db-{n}",)) for n in range(300)))
    names = [f"db-{number}" for number in range(10_000)]

    page = await store.audit.page(before_seq=None, limit=20, databases=names)

    assert [seq for seq, _ in page] == list(range(300, 280, -1))


async def test_a_long_page_of_databases_is_complete(store: SqlStore) -> None:
    await store.audit.append(*(entry(databases=(f"db-{n % 3}",)) for n in range(700)))

    page = await store.audit.page(before_seq=None, limit=650, databases=["db-0", "db-1", "db-2"])

    assert len(page) == 650


async def test_the_chain_streams_in_order_over_many_chunks(store: SqlStore) -> None:
    await store.audit.append(*(entry(str(n)) for n in range(2001)))

    rows = [row async for row in store.audit.chain()]

    assert [row[0] for row in rows] == list(range(1, 2002))


EDITS = {
    "the text of an entry": "UPDATE audit_log SET entry = replace(entry, 'U0ANA', 'U0EVE') WHERE seq = 3",
    "a hash": "UPDATE audit_log SET hash = previous_hash WHERE seq = 3",
    "a removed entry": "DELETE FROM audit_log WHERE seq = 3",
    "two entries swapped": "UPDATE audit_log SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4)",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
async def test_an_edited_entry_is_found(store: SqlStore, tmp_path: Path, edit: str) -> None:
    await store.audit.append(*(entry(str(n)) for n in range(6)))

    with sqlite3.connect(tmp_path / "turso-ops.db") as rows:
        rows.execute(edit)
        rows.execute("UPDATE audit_log SET seq = -seq WHERE seq < 0")

    assert (await verify_stream(store.audit.chain())).fault is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_searched_columns_cannot_differ_from_the_entry(store: SqlStore, tmp_path: Path) -> None:
    await store.audit.append(entry())

    with sqlite3.connect(tmp_path / "turso-ops.db") as rows, pytest.raises(sqlite3.OperationalError):
        rows.execute("UPDATE audit_log SET user_id = 'U0EVE'")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_only_one_table_has_audit_in_its_name(store: SqlStore, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "turso-ops.db") as rows:
        names = rows.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%audit%'").fetchall()

    assert names == [("audit_log",)]
