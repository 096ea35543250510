"""Transactions that change the same holds lock them in one order, so that PostgreSQL never has to end one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, create_engine, text

from bot.core.records.holds import HoldKind
from bot.core.requests.request import State
from bot.core.requests.transition import Closing
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.store.conftest import NOON, StoppedClock
from tests.store.samples import entry, hold, move, request

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
async def here(upgraded_postgresql_url: str, clock: StoppedClock) -> AsyncIterator[SqlStore]:
    async with open_store(upgraded_postgresql_url, clock) as store:
        yield store


async def until_waiting(connection: Connection, count: int) -> None:
    """Wait until exactly `count` transactions are waiting for a lock."""
    async with asyncio.timeout(20):
        while connection.execute(WAITING).scalar_one() != count:
            await asyncio.sleep(0.05)


async def test_a_quarantine_that_is_closed_and_a_freeze_that_ends_do_not_wait_for_each_other(
    here: SqlStore, upgraded_postgresql_url: str
) -> None:
    """The request that destroys the database changes both holds, and the release of the freeze locks both, too.

    If one began with the freeze and the other with the quarantine, each would wait for the other.
    """
    freeze = hold(1, request_id=request(1).id)
    quarantine = hold(2, kind=HoldKind.QUARANTINE, request_id=request(2, requester="U2").id)
    await here.requests.open(request(1), move(State.EXECUTING, holds=[freeze]))
    await here.requests.open(request(2, requester="U2"), move(State.QUARANTINED, event="executed", holds=[quarantine]))
    await here.requests.open(request(3, requester="U3"), move(State.EXECUTING))
    closes = [Closing(request(2).id, "It was destroyed.", entry("finished"))]
    destroyed = move(State.SUCCEEDED, closes=closes, release_holds=[freeze.id, quarantine.id])
    engine = create_engine(place_of(upgraded_postgresql_url).for_dbos)
    with engine.connect() as observer, engine.connect() as first:
        observer.execution_options(isolation_level="AUTOCOMMIT")
        first.execute(text("SELECT id FROM holds WHERE id = :id FOR UPDATE"), {"id": freeze.id})
        release = asyncio.create_task(here.holds.release(freeze.id, NOON))
        await until_waiting(observer, 1)
        destroy = asyncio.create_task(here.requests.move(request(3).id, expect=[State.EXECUTING], move=destroyed))
        await until_waiting(observer, 2)
        first.rollback()

        assert await release
        assert await destroy is not None
    engine.dispose()
    assert await here.holds.find(organization="acme") == []
