"""Transactions that change the same holds lock them in one order, so that PostgreSQL never has to end one of them."""

import asyncio

import pytest
from sqlalchemy import Connection, create_engine, text

from bot.core.records.holds import HoldKind
from bot.core.requests.request import State
from bot.core.requests.transition import Closing
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import entry, hold, move, request

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def until_waiting(connection: Connection, count: int) -> None:
    """Wait until exactly `count` transactions are waiting for a lock."""
    async with asyncio.timeout(20):
        while connection.execute(WAITING).scalar_one() != count:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_quarantine_that_is_closed_and_a_freeze_that_ends_do_not_wait_for_each_other(
    store: SqlStore, database_url: str
) -> None:
    """The request that destroys the database changes both holds, and the release of the freeze locks both, too.

    If one began with the freeze and the other with the quarantine, each would wait for the other.
    """
    freeze = hold(1, request_id=request(1).id)
    quarantine = hold(2, kind=HoldKind.QUARANTINE, request_id=request(2, requester="U2").id)
    await store.requests.open(request(1), move(State.EXECUTING, holds=[freeze]))
    await store.requests.open(request(2, requester="U2"), move(State.QUARANTINED, event="executed", holds=[quarantine]))
    await store.requests.open(request(3, requester="U3"), move(State.EXECUTING))
    closes = [Closing(request(2).id, "It was destroyed.", entry("finished"))]
    destroyed = move(State.SUCCEEDED, closes=closes, release_holds=[freeze.id, quarantine.id])
    engine = create_engine(place_of(database_url).for_dbos)
    with engine.connect() as observer, engine.connect() as first:
        observer.execution_options(isolation_level="AUTOCOMMIT")
        first.execute(text("SELECT id FROM holds WHERE id = :id FOR UPDATE"), {"id": freeze.id})
        release = asyncio.create_task(store.holds.release(freeze.id, NOON))
        await until_waiting(observer, 1)
        destroy = asyncio.create_task(store.requests.move(request(3).id, expect=[State.EXECUTING], move=destroyed))
        await until_waiting(observer, 2)
        first.rollback()

        assert await release
        assert await destroy is not None
    engine.dispose()
    assert await store.holds.find(organization="acme") == []
