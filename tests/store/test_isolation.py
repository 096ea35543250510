"""A read sees one consistent state of the store, whatever others commit in the meantime, and can't write."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from bot.core.requests.request import State
from bot.store.connections.database import StoreUnavailable
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore
from tests.store.samples import entry, move, request, vote

ADD = text("INSERT INTO votes (request_id, user_id, approves, at, comment) VALUES ('r-1', :user, true, :at, '')")
COUNT = text("SELECT count(*) FROM votes")
LEVEL = text("SHOW transaction_isolation")


@pytest.fixture
def writer(database_url: str) -> Iterator[Engine]:
    """Yield a separate synchronous engine, which writes as another process would."""
    engine = create_engine(place_of(database_url).for_dbos)
    yield engine
    engine.dispose()


def add_a_vote(writer: Engine, user: str) -> None:
    with writer.begin() as connection:
        connection.execute(ADD, {"user": user, "at": "2026-11-24 12:00:00"})


async def test_commits_of_others_during_a_read_are_not_visible_in_it(store: SqlStore, writer: Engine) -> None:
    def count_twice(connection: Connection) -> list[int]:
        before = connection.execute(COUNT).scalar_one()
        add_a_vote(writer, "U0BEN")
        return [before, connection.execute(COUNT).scalar_one()]

    assert await store.database.read(count_twice) == [0, 0]
    assert await store.database.read(lambda connection: connection.execute(COUNT).scalar_one()) == 1


async def test_a_read_sees_a_requests_state_and_votes_from_the_same_moment(
    store: SqlStore, other: SqlStore, writer: Engine
) -> None:
    """Two statements read the state and the votes. A commit between the two must not be visible in the second one."""
    await store.requests.open(request(), move(State.PENDING))
    await store.requests.vote(vote(), entry=entry("approved"))

    def read(connection: Connection) -> tuple[str, int]:
        state = connection.execute(text("SELECT state FROM requests")).scalar_one()
        with writer.begin() as another:
            another.execute(text("UPDATE requests SET state = 'approved'"))
            another.execute(text("DELETE FROM votes"))
        return state, connection.execute(COUNT).scalar_one()

    assert await store.database.read(read) == ("pending", 1)
    found = await other.requests.get(request().id)
    assert found is not None
    assert (found.state, found.votes) == (State.APPROVED, ())


async def test_a_read_cannot_write(store: SqlStore) -> None:
    with pytest.raises((DBAPIError, StoreUnavailable)) as refused:
        await store.database.read(lambda connection: connection.execute(text("DELETE FROM votes")))

    assert re.search(r"read-?only", f"{refused.value} {refused.value.__cause__}")
    assert await store.trouble() == ""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_write_after_reads_uses_read_committed(store: SqlStore) -> None:
    """A write must not inherit the isolation level of an earlier read on the same connection.

    This can't happen on SQLite, where writes have their own connection.
    """
    for _ in range(30):
        await store.database.read(lambda connection: connection.execute(COUNT).scalar_one())

    assert await store.database.write(lambda connection: connection.execute(LEVEL).scalar_one()) == "read committed"
    assert await store.database.read(lambda connection: connection.execute(LEVEL).scalar_one()) == "repeatable read"
