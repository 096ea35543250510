"""One database and its transactions: the same for SQLite and PostgreSQL, whatever the driver does differently."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import Unavailable
from bot.store.urls import Place

T = TypeVar("T")
Work = Callable[[Connection], T]

BUSY_SECONDS = 10
READERS = 4
POSTGRESQL_POOL = 10


class StoreUnavailable(Unavailable):
    """The store did not answer: nothing of this transaction was kept, or its commit was not confirmed."""

    def __init__(self) -> None:
        super().__init__("The bot's own memory did not answer. Try again in a moment.")


class Database:
    """Connections to one database. Work is a function over a connection; all of it commits, or nothing."""

    def __init__(self, place: Place) -> None:
        self.place = place
        if place.file:
            # One connection writes and never waits for another of this process; in WAL mode the others read meanwhile.
            self._writing = _sqlite(place, size=1, begin="BEGIN IMMEDIATE")
            self._reading = _sqlite(place, size=READERS, begin="BEGIN")
        else:
            self._writing = self._reading = create_async_engine(
                place.for_asyncio,
                pool_size=POSTGRESQL_POOL,
                max_overflow=POSTGRESQL_POOL,
                pool_pre_ping=True,
                pool_recycle=1800,
                hide_parameters=True,
                isolation_level="READ COMMITTED",
                connect_args={"connect_timeout": 10, "application_name": "turso-ops"},
            )

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent picture of the database; it must not write."""
        return await _run(self._reading, work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return what it returns once that is committed."""
        return await _run(self._writing, work)

    async def close(self) -> None:
        """Give every connection back."""
        for engine in {self._writing, self._reading}:
            await engine.dispose()


async def _run(engine: AsyncEngine, work: Work[T]) -> T:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (OperationalError, PoolTimeout) as error:
        raise StoreUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable from error
        raise


def _sqlite(place: Place, *, size: int, begin: str) -> AsyncEngine:
    # The driver is told to leave transactions alone: it would begin none before a SELECT.
    engine = create_async_engine(
        place.for_asyncio,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_sqlite(connection: Connection) -> bool:
    """True for SQLite."""
    return connection.dialect.name == "sqlite"


def lock_until_commit(connection: Connection, key: int) -> None:
    """Let one transaction at a time pass here. SQLite's writers are alone anyway."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
