"""If PostgreSQL ends a connection during a transaction, the transaction is committed once or raises an error."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.store.connections import commit_outcome, postgresql_database
from bot.store.connections.database import StoreUnavailable
from bot.store.store import SqlStore
from tests.store.cutting import When, cut
from tests.store.samples import incoming

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
WHEN: list[When] = ["before the commit", "after the commit"]


class Adds:
    """A transaction that adds a row and returns the number of rows. It counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, connection: Connection) -> int:
        self.runs += 1
        connection.execute(text("CREATE TABLE IF NOT EXISTS number (value int)"))
        connection.execute(text("INSERT INTO number VALUES (1)"))
        return int(connection.execute(text("SELECT count(*) FROM number")).scalar_one())


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("numbers", [{1}, {1, 2}, {1, 2, 3}], ids=str)
async def test_a_write_is_committed_once(store: SqlStore, when: When, numbers: set[int]) -> None:
    adds = Adds()

    with cut(store, numbers, when):
        assert await store.database.write(adds) == 1

    assert adds.runs == (1 if when == "after the commit" else len(numbers) + 1)
    assert await store.database.write(Adds()) == 2


async def test_a_connection_that_ends_between_two_statements_is_replaced(store: SqlStore) -> None:
    adds = Adds()
    ended: list[int] = []

    def work(connection: Connection) -> int:
        if not ended:
            adds(connection)
            ended.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return adds(connection)

    assert await store.database.write(work) == 1
    assert ended


@pytest.mark.parametrize("when", WHEN)
async def test_a_read_whose_connection_is_cut_is_run_again(store: SqlStore, when: When) -> None:
    await store.intents.record(incoming(1))

    with cut(store, {1}, when) as seen:
        assert await store.intents.get(incoming(1).id) is not None

    assert seen[0] == 2, "the read was committed once more on another connection"


@pytest.mark.parametrize("when", WHEN)
async def test_a_server_that_was_replaced_is_not_asked_whether_a_transaction_was_committed(
    store: SqlStore, when: When, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of the commit stays unknown: on another server, its number belongs to another transaction."""
    real = commit_outcome.transaction_id

    def of_before(connection: Connection) -> Any:
        found = real(connection)
        return commit_outcome.TransactionId(found.number, found.server_started_at.replace(year=2000))

    monkeypatch.setattr(postgresql_database, "transaction_id", of_before)
    adds = Adds()

    with cut(store, {1}, when), pytest.raises(StoreUnavailable):
        await store.database.write(adds)

    assert adds.runs == 1, "the transaction may have been committed"


async def test_a_write_fails_if_its_connection_is_cut_every_time(store: SqlStore) -> None:
    with cut(store, set(range(1, 100)), "before the commit"), pytest.raises(StoreUnavailable):
        await store.database.write(Adds())

    assert await store.database.write(Adds()) == 1
