"""One database and its transactions: the same for SQLite and PostgreSQL, whatever the driver does differently."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import Unavailable
from bot.store.connections.commit_outcome import TransactionId, transaction_id, was_committed
from bot.store.connections.urls import Place

T = TypeVar("T")
Work = Callable[[Connection], T]

BUSY_SECONDS = 10
READERS = 4
POSTGRESQL_POOL = 10
TRIES_AFTER_A_CUT = 3
"""Whenever its connection ends, a transaction runs again, so often at most."""

log = structlog.get_logger(__name__)


class StoreUnavailable(Unavailable):
    """The store did not answer: nothing of this transaction was kept, or its commit was not confirmed."""

    def __init__(self) -> None:
        super().__init__("The bot's store did not answer. Try again in a moment.")


class Database(Protocol):
    """Connections to one database. Work is a function over a connection; all of it commits, or nothing."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent picture of the database; it must not write."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return what it returns once that is committed."""

    async def close(self) -> None:
        """Give every connection back."""


def database_of(place: Place) -> Database:
    """Return the database of a place; nothing connects yet."""
    return SqliteDatabase(place) if place.file else PostgresqlDatabase(place)


class SqliteDatabase:
    """A SQLite file. One thread writes, so that writers of this process never wait for locks; others read meanwhile.

    A transaction is one visit to a thread: drivers that make each statement a visit cost twenty times as much.
    """

    def __init__(self, place: Place) -> None:
        self._writing = _Lane(_sqlite(place, size=1, begin="BEGIN IMMEDIATE"), 1, "store-write")
        self._reading = _Lane(_sqlite(place, size=READERS, begin="BEGIN", reads_only=True), READERS, "store-read")

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent picture of the database; it must not write."""
        return await self._reading.run(work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return what it returns once that is committed."""
        return await self._writing.run(work)

    async def close(self) -> None:
        """Give every connection back, after what is under way."""
        await self._writing.close()
        await self._reading.close()


class _Lane:
    """Threads with the connections that they use."""

    def __init__(self, engine: Engine, threads: int, name: str) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self._engine.dispose)
        self._threads.shutdown(wait=False)

    def _run(self, work: Work[T]) -> T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except DBAPIError as error:
            _explain(error)
            raise


class PostgresqlDatabase:
    """A PostgreSQL database, over connections that wait on the event loop."""

    def __init__(self, place: Place) -> None:
        self._engine = create_async_engine(
            place.url,
            pool_size=POSTGRESQL_POOL,
            max_overflow=POSTGRESQL_POOL,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": 10, "application_name": "turso-ops"},
        )
        # The same connections. In this mode every statement of a transaction sees what was committed before the first.
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent picture of the database; it must not write."""
        return await self._run(self._reading, work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return what it returns once that is committed.

        A connection that ends is no failure: what was not committed runs again on another connection, and of a commit
        that was not confirmed PostgreSQL is asked. So `work` may run more than once, but is committed once at most.

        Raises:
            StoreUnavailable: no connection can be had, or PostgreSQL does not say whether it has committed.
        """
        return await self._run(self._engine, work)

    async def _run(self, engine: AsyncEngine, work: Work[T]) -> T:
        try:
            for _ in range(TRIES_AFTER_A_CUT):
                attempt = _Attempt[T]()
                try:
                    return await self._once(engine, work, attempt)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
                if attempt.transaction is not None and await self._outcome_of(attempt.transaction):
                    return attempt.result
            return await self._once(engine, work, _Attempt[T]())
        except (DBAPIError, PoolTimeout) as error:
            _explain(error)
            raise

    async def _once(self, engine: AsyncEngine, work: Work[T], attempt: "_Attempt[T]") -> T:
        async with engine.begin() as connection:
            attempt.result = await connection.run_sync(work)
            if engine is not self._reading:
                attempt.transaction = await connection.run_sync(transaction_id)
        return attempt.result

    async def _outcome_of(self, transaction: TransactionId) -> bool:
        """Return True when it was committed, and False when it was not and never will be."""
        if (committed := await was_committed(self._engine, transaction)) is None:
            raise StoreUnavailable
        log.warning("store.commit_not_confirmed", committed=committed)
        return committed

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()


class _Attempt(Generic[T]):
    """One run of a transaction: what it returned, and its id once only the commit was missing."""

    result: T
    transaction: TransactionId | None = None


def _explain(error: Exception) -> None:
    """Tell a database that does not answer from a mistake of ours."""
    if isinstance(error, OperationalError | PoolTimeout) or getattr(error, "connection_invalidated", False):
        raise StoreUnavailable from error


def _sqlite(place: Place, *, size: int, begin: str, reads_only: bool = False) -> Engine:
    engine = create_engine(
        place.url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        # The driver is told to leave transactions alone: it would begin none before a SELECT.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"query_only={reads_only:d}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_sqlite(connection: Connection) -> bool:
    """Return True for SQLite."""
    return connection.dialect.name == "sqlite"


def lock_until_commit(connection: Connection, key: int) -> None:
    """Let one transaction at a time pass here. SQLite's writers are alone anyway."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
