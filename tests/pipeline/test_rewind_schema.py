"""The comparison after a rewind, with large schemas in real SQLite databases."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from bot.core.requests.request import State
from bot.pipeline.outcomes.request_cards import card_of
from bot.turso import Database, TursoClient
from bot.turso.data_reading import Rows
from tests.blocks.messages import words
from tests.pipeline.in_memory import Pipeline

MANY = 1_200
"""More objects than one statement of the comparison returns."""
TIME_COLUMNS = "created_at, updated_at, inserted_at, modified_at, occurred_at, recorded_at, created, updated, ts"


@pytest.fixture
def old() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


@pytest.fixture
def copy() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _reads_sqlite(monkeypatch: pytest.MonkeyPatch, old: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    async def read_rows(
        self: TursoClient, database: Database, token: object, asked: Sequence[str], **more: object
    ) -> list[Rows]:
        of = old if database.name == "orders" else copy
        return [Rows(tuple(of.execute(sql).fetchall())) for sql in asked]

    monkeypatch.setattr(TursoClient, "read_rows", read_rows)


def add_indexes(to: sqlite3.Connection, table: str) -> None:
    for number in range(MANY):
        to.execute(f"CREATE INDEX a{number} ON {table} (id)")


async def compared(here: Pipeline) -> str:
    """Rewind `orders`, and return the words of the card."""
    request = await here.approved("db rewind orders --to 08:30")
    assert await here.execute(request) is State.SUCCEEDED
    return words(await card_of(here.env, await here.now(request)))


async def test_many_indexes_hide_no_table(here: Pipeline, old: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    for one in (old, copy):
        one.execute("CREATE TABLE items (id)")
        one.execute("CREATE TABLE users (id)")
        add_indexes(one, "items")
    copy.execute("INSERT INTO items VALUES (1), (2), (3)")

    card = await compared(here)

    assert "`items`: 0 rows in `orders`, *3 rows* in the copy" in card
    assert "1 other table with the same number of rows" in card
    assert "too many indexes, views and triggers to compare them all" in card
    assert "Schema: unknown" in card


async def test_with_many_indexes_a_lost_table_is_still_reported(
    here: Pipeline, old: sqlite3.Connection, copy: sqlite3.Connection
) -> None:
    for one in (old, copy):
        one.execute("CREATE TABLE items (id)")
        add_indexes(one, "items")
    copy.execute("CREATE TABLE users (id)")

    card = await compared(here)

    assert "`users`: no such table in `orders`, *0 rows* in the copy" in card
    assert "the table `users` is only in" in card
    assert "· the rest is unknown" in card


async def test_many_tables_do_not_hide_the_newest_time_of_a_counted_table(
    here: Pipeline, old: sqlite3.Connection, copy: sqlite3.Connection
) -> None:
    for one in (old, copy):
        for number in reversed(range(150)):
            one.execute(f"CREATE TABLE t{number:03} (id, {TIME_COLUMNS})")
    copy.execute("INSERT INTO t000 (id, created_at) VALUES (1, '2026-11-24 08:00:00')")

    card = await compared(here)

    line = next(one for one in card.splitlines() if "`t000`" in one)
    assert "newest row unknown in `orders`, <!date^" in line
