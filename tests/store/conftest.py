"""Fixtures: a new store for each test, once on SQLite and once on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.store import SqlStore, open_store
from tests.postgres import database_url, empty_url, postgres_server, postgresql_url, upgraded_postgresql_url

__all__ = ["database_url", "empty_url", "postgres_server", "postgresql_url", "upgraded_postgresql_url"]

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class StoppedClock:
    """A clock that shows noon until a test moves it."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def pass_(self, span: timedelta) -> None:
        self.time += span


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def store(database_url: str, clock: StoppedClock) -> AsyncIterator[SqlStore]:
    async with open_store(database_url, clock) as store:
        yield store


@pytest.fixture
async def other(database_url: str, store: SqlStore, clock: StoppedClock) -> AsyncIterator[SqlStore]:
    """Yield a second store on the same database, as another process would open it."""
    async with open_store(database_url, clock) as other:
        yield other
