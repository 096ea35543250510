"""`audit verify` finds changes of the log that were made without the bot.

It finds deleted last entries and recomputed hashes only with a hash that was posted in Slack before the change.
"""

import asyncio
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from bot.__main__ import main
from bot.app.clock import SystemClock
from bot.core.audit import entry_hash, verify_stream
from bot.core.records.audit_entry import AuditEntry
from bot.store.schema.upgrading import upgrade
from bot.store.store import SqlStore, open_store
from tests.process import Process
from tests.security.gathering import command
from tests.soak import pairs, soaked
from tests.world import World

STORES = ("sqlite", "postgresql")
ENTRIES = 12
AT = datetime(2026, 11, 24, 4, 15, tzinfo=UTC)


def entry(number: int) -> AuditEntry:
    """Return an entry for the audit log that contains a number."""
    return AuditEntry(AT, "asked", "pending", "U0DANA", "C0DBOPS", "token", (f"orders-{number}",), detail={"n": number})


async def write(url: str, count: int, start: int = 0) -> None:
    """Create the store, and append entries as the bot does."""
    await upgrade(url)
    async with open_store(url, SystemClock()) as store:
        for first in range(start, start + count, 2500):
            await store.audit.append(*(entry(number) for number in range(first, min(first + 2500, start + count))))


class Intruder:
    """An attacker with full access to the database."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self.run = run

    def rows(self) -> list[tuple[int, str, str, str]]:
        """Return the rows of the log as they are now: number, previous hash, hash and text."""
        return list(self.run("SELECT seq, previous_hash, hash, entry FROM audit_log ORDER BY seq"))

    def edit(self, seq: int, old: str, new: str, *, hashed: bool = False) -> None:
        """Replace a part of the text of an entry. With `hashed`, replace its hash, too."""
        previous, text = next((row[1], row[3]) for row in self.rows() if row[0] == seq)
        assert old in text
        text = text.replace(old, new)
        self.run(f"UPDATE audit_log SET entry = '{text}' WHERE seq = {seq}")
        if hashed:
            self.run(f"UPDATE audit_log SET hash = '{entry_hash(previous, text)}' WHERE seq = {seq}")

    def renumber(self, seq: int, to: int) -> None:
        """Change the number of an entry."""
        self.run(f"UPDATE audit_log SET seq = {to} WHERE seq = {seq}")

    def insert(self, seq: int, like: int) -> None:
        """Insert a copy of the entry `like`, with valid hashes for the number `seq`."""
        rows = {row[0]: row for row in self.rows()}
        previous, text = rows[seq - 1][2], rows[like][3]
        values = f"{seq}, '{previous}', '{entry_hash(previous, text)}', '{text}'"
        self.run(f"INSERT INTO audit_log (seq, previous_hash, hash, entry) VALUES ({values})")

    def chain_anew(self, start: int = 1) -> None:
        """Recompute the hashes of all entries from `start` on."""
        previous = next((row[2] for row in self.rows() if row[0] == start - 1), "")
        for seq, _, _, text in self.rows()[start - 1 :]:
            digest = entry_hash(previous, text)
            self.run(f"UPDATE audit_log SET previous_hash = '{previous}', hash = '{digest}' WHERE seq = {seq}")
            previous = digest


@contextmanager
def broken_into(url: str) -> Iterator[Intruder]:
    """Open the store's database without the bot's code. Commit at the end."""
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"))
        yield Intruder(lambda sql: database.execute(sql).fetchall())
        database.commit()
        database.close()
        return
    with psycopg.connect(url) as connection:

        def run(sql: str) -> list[Any]:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

        yield Intruder(run)


@pytest.fixture
def log(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a store with `ENTRIES` entries. The variable `DATABASE_URL` is set to it, too."""
    asyncio.run(write(database_url, ENTRIES))
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def verified(*arguments: str) -> int:
    """Run `audit verify`, and return its exit status."""
    return main(["audit", "verify", *arguments])


def test_an_untouched_log_is_valid(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified() == 0

    output = capsys.readouterr().out
    assert f"{ENTRIES} entries" in output
    assert "--head" in output


def _swap(intruder: Intruder, one: int, other: int) -> None:
    intruder.renumber(one, 100)
    intruder.renumber(other, one)
    intruder.renumber(100, other)


def _close_gap(intruder: Intruder) -> None:
    intruder.run("DELETE FROM audit_log WHERE seq = 5")
    for seq in range(6, ENTRIES + 1):
        intruder.renumber(seq, seq - 1)


def _insert_copy(intruder: Intruder) -> None:
    for seq in range(ENTRIES, 5, -1):
        intruder.renumber(seq, seq + 1)
    intruder.insert(6, like=2)


def _swap_texts(intruder: Intruder) -> None:
    five, six = (row for row in intruder.rows() if row[0] in (5, 6))
    intruder.run(f"UPDATE audit_log SET entry = '{six[3]}' WHERE seq = 5")
    intruder.run(f"UPDATE audit_log SET entry = '{five[3]}' WHERE seq = 6")


TAMPERINGS: dict[str, tuple[Callable[[Intruder], None], str]] = {
    "another person": (lambda it: it.edit(5, "U0DANA", "U0EVE"), "entry 5"),
    "another person, hashed again": (lambda it: it.edit(5, "U0DANA", "U0EVE", hashed=True), "entry 6"),
    "another outcome in the last entry": (lambda it: it.edit(ENTRIES, "pending", "denied"), f"entry {ENTRIES}"),
    "an added space": (lambda it: it.edit(5, '"asked"', ' "asked"'), "entry 5"),
    "a hash": (lambda it: it.run("UPDATE audit_log SET hash = previous_hash WHERE seq = 5"), "entry 5"),
    "the hash of the previous entry": (
        lambda it: it.run("UPDATE audit_log SET previous_hash = '' WHERE seq = 5"),
        "entry 5",
    ),
    "deleted": (lambda it: it.run("DELETE FROM audit_log WHERE seq = 5"), "entry 6"),
    "the first entry deleted": (lambda it: it.run("DELETE FROM audit_log WHERE seq = 1"), "entry 2"),
    "deleted, and the gap closed": (_close_gap, "entry 5"),
    "two entries reordered": (lambda it: _swap(it, 5, 6), "entry 5"),
    "the texts of two entries exchanged": (_swap_texts, "entry 5"),
    "inserted": (_insert_copy, "entry 7"),
    "an entry before the first": (lambda it: it.renumber(1, 0), "entry 0"),
}


@pytest.mark.parametrize(("tampering", "database_url"), pairs(TAMPERINGS, STORES), indirect=["database_url"])
def test_tampering_is_found_and_located(log: str, capsys: pytest.CaptureFixture[str], tampering: str) -> None:
    tamper, where = TAMPERINGS[tampering]
    with broken_into(log) as intruder:
        tamper(intruder)

    assert verified() == 1
    assert where in capsys.readouterr().out


def _cut(intruder: Intruder) -> None:
    for table in ("audit_log", "touched"):
        intruder.run(f"DELETE FROM {table} WHERE seq > {ENTRIES - 2}")


def _cut_all(intruder: Intruder) -> None:
    for table in ("audit_log", "touched"):
        intruder.run(f"DELETE FROM {table}")


def _recompute_all(intruder: Intruder) -> None:
    intruder.edit(5, "U0DANA", "U0EVE")
    intruder.chain_anew(5)


WITH_VALID_HASHES: dict[str, Callable[[Intruder], None]] = {
    "the last entries deleted": _cut,
    "all entries deleted": _cut_all,
    "the last entry changed and hashed": lambda it: it.edit(ENTRIES, "pending", "denied", hashed=True),
    "all hashes recomputed": _recompute_all,
}


@pytest.mark.parametrize(("change", "database_url"), pairs(WITH_VALID_HASHES, STORES), indirect=["database_url"])
def test_a_changed_log_with_valid_hashes_is_found_with_a_posted_head(
    log: str, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    with broken_into(log) as intruder:
        head = intruder.rows()[-1][2]
        WITH_VALID_HASHES[change](intruder)

    assert verified() == 0, "without a posted head this can't be found"
    assert verified("--head", head) == 1
    assert "posted in Slack" in capsys.readouterr().out


def test_a_head_that_was_posted_earlier_is_still_accepted(log: str) -> None:
    with broken_into(log) as intruder:
        head = intruder.rows()[7][2]

    assert verified("--head", head) == 0
    assert verified("--head", "0" * 64) == 1


async def test_audit_verify_exits_with_status_one_after_tampering(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'turso-ops.db'}"
    await write(url, 3)
    process = _process(tmp_path, url)
    assert (await command(process, "audit", "verify"))[0] == 0

    with broken_into(url) as intruder:
        intruder.edit(2, "U0DANA", "U0EVE")

    status, said = await command(process, "audit", "verify")
    assert status == 1
    assert "entry 2" in said
    assert "Traceback" not in said


def _process(folder: Any, url: str) -> Process:
    class WithStoreOnly(Process):
        @property
        def environment(self) -> dict[str, str]:
            return {"DATABASE_URL": url}

    return WithStoreOnly(World(None, None, None, "", folder), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("database_url", "few", "many"),
    [("sqlite", 2_500, soaked(100_000, 15_000)), ("postgresql", 2_500, soaked(20_000, 10_000))],
    indirect=["database_url"],
    ids=["sqlite", "postgresql"],
)
def test_a_long_log_is_verified_in_one_pass_with_constant_memory(database_url: str, few: int, many: int) -> None:
    asyncio.run(write(database_url, few))
    first = asyncio.run(_peak_of_verifying(database_url, few))
    asyncio.run(write(database_url, many - few, start=few))

    second = asyncio.run(_peak_of_verifying(database_url, many))

    # The peak varies, because garbage may not have been collected yet. It must not grow with the number of entries.
    assert second < first * 3, f"{first:,} bytes for {few:,} entries, {second:,} for {many:,}"


async def _peak_of_verifying(url: str, expected: int) -> int:
    async with open_store(url, SystemClock()) as store:
        await store.audit.head()
        tracemalloc.start()
        found = await verify_stream(_once(store))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (found.entries, found.fault) == (expected, None)
    return peak


async def _once(store: SqlStore) -> AsyncIterator[tuple[int, str, str, str]]:
    """Yield the chain, and fail if a part of it is read twice."""
    last = 0
    async for row in store.audit.chain():
        assert row[0] == last + 1
        last = row[0]
        yield row
