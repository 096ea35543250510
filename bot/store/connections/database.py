"""Transactions on SQLite and on PostgreSQL, behind one interface."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.core.concurrency.deadline import within
from bot.errors import Unavailable
from bot.store.connections.commit_outcome import TransactionId, transaction_id, was_committed
from bot.store.connections.connect_arguments import CONNECT_SECONDS, connect_arguments, limit_statements
from bot.store.connections.failures import SURROUNDINGS, describe_failure, failure_of, is_faulty_statement
from bot.store.connections.urls import Place

T = TypeVar("T")
Work = Callable[[Connection], T]
BeforeCommit = Callable[[], None]

BUSY_SECONDS = 10
READERS = 4
POSTGRESQL_POOL: Final = 8
"""The default of `DATABASE_POOL_SIZE`. With it, a process has fewer than 20 connections, including durable work."""
POSTGRESQL_TIMEOUT: Final = 30
"""The default of `DATABASE_TIMEOUT`, in seconds."""
LOG_EVERY_SECONDS: Final = 5.0
RETRIES_AFTER_LOSS = 3
"""How many times a transaction is repeated after its connection was lost."""

log = structlog.get_logger(__name__)


class StoreUnavailable(Unavailable):
    """Raised if the store doesn't respond. The transaction was rolled back, or its commit wasn't confirmed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("The bot's own database didn't respond. Try again in a moment.", detail=detail)


def nothing() -> None:
    """Do nothing before a commit."""


class Database(Protocol):
    """Connections to one database. `work` is a function of a connection that runs in one transaction."""

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which must not write, on a consistent snapshot of the database."""

    async def write(self, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        """Run `work` in one transaction, and return its result after the commit.

        Args:
            before_commit: called just before each attempt to commit, perhaps in another thread. If it raises an error,
                the transaction is rolled back.
        """

    @property
    def engines(self) -> Sequence[Engine]:
        """Return SQLAlchemy's engines, for observing their statements."""

    async def close(self) -> None:
        """Close every connection."""


def database_of(
    place: Place, *, pool_size: int = POSTGRESQL_POOL, timeout: int = POSTGRESQL_TIMEOUT, pooled: bool = False
) -> Database:
    """Return the database at a place. Doesn't connect yet.

    Args:
        pool_size: the maximum number of connections to PostgreSQL.
        timeout: how many seconds a read may take. PostgreSQL also cancels each statement that takes longer.
        pooled: True if connections may go through a transaction pooler. Then no statements are prepared, and
            PostgreSQL doesn't cancel long ones.
    """
    return SqliteDatabase(place) if place.file else PostgresqlDatabase(place, pool_size, timeout, pooled)


class SqliteDatabase:
    """A SQLite file. One thread writes, so that writers in this process never wait for each other's locks. Others read.

    A transaction runs in one thread. Drivers that switch threads for each statement take twenty times as long.
    """

    def __init__(self, place: Place) -> None:
        report = _Report(place.setting)
        self._writing = _ThreadPool(_sqlite(place, size=1, begin="BEGIN IMMEDIATE"), 1, "store-write", report)
        reader = _sqlite(place, size=READERS, begin="BEGIN", reads_only=True)
        self._reading = _ThreadPool(reader, READERS, "store-read", report)
        self.engines: Sequence[Engine] = (self._writing.engine, self._reading.engine)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which must not write, on a consistent snapshot of the database."""
        return await self._reading.run(work)

    async def write(self, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        """Run `work` in one transaction, and return its result after the commit."""
        return await self._writing.run(work, before_commit)

    async def close(self) -> None:
        """Finish the queued writes, and close every connection."""
        await self._writing.close()
        await self._reading.close()


class _ThreadPool:
    """A thread pool that runs transactions, with as many connections as threads."""

    def __init__(self, engine: Engine, threads: int, name: str, report: "_Report") -> None:
        self.engine = engine
        self._report = report
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        here = copy_context()  # for observers of statements, which need the caller's context
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, here.run, self._run, work, before_commit)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, self.engine.dispose)
        self._threads.shutdown(wait=False)

    def _run(self, work: Work[T], before_commit: BeforeCommit) -> T:
        try:
            with self.engine.begin() as connection:
                result = work(connection)
                before_commit()
                return result
        except DBAPIError as error:
            self._report.explain(error)
            raise


class PostgresqlDatabase:
    """A PostgreSQL database, over asynchronous connections."""

    def __init__(
        self,
        place: Place,
        pool_size: int = POSTGRESQL_POOL,
        timeout: int = POSTGRESQL_TIMEOUT,
        pooled: bool = False,
    ) -> None:
        self._timeout = timeout
        self._report = _Report(place.setting)
        self._engine = create_async_engine(
            place.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=min(timeout, CONNECT_SECONDS),
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args=connect_arguments(timeout, pooled=pooled),
        )
        if not pooled:
            limit_statements(self._engine.sync_engine, timeout)
        self.engines: Sequence[Engine] = (self._engine.sync_engine,)
        # The same connections, but all statements of a transaction see the state at the time of its first statement.
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which must not write, on a consistent snapshot of the database.

        Raises:
            StoreUnavailable: `work` took too long, or the database failed or couldn't be reached.
        """
        try:
            return await within(self._timeout, self._run(self._reading, work))
        except TimeoutError as error:
            self._report.explain(error)
            raise

    async def write(self, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        """Run `work` in one transaction, and return its result after the commit.

        If the connection is lost, uncommitted work runs again on another connection. If a commit wasn't confirmed,
        PostgreSQL is asked whether it happened. So `work` may run up to four times, but is committed at most once.

        Raises:
            StoreUnavailable: the database failed or couldn't be reached, or it is unknown whether the commit happened.
        """
        return await self._run(self._engine, work, before_commit)

    async def _run(self, engine: AsyncEngine, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        try:
            for _ in range(RETRIES_AFTER_LOSS):
                attempt = _Attempt[T]()
                try:
                    return await self._once(engine, work, before_commit, attempt)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
                if attempt.transaction is not None and await self._outcome_of(attempt.transaction):
                    return attempt.result
            return await self._once(engine, work, before_commit, _Attempt[T]())
        except (DBAPIError, PoolTimeout) as error:
            self._report.explain(error)
            raise

    async def _once(self, engine: AsyncEngine, work: Work[T], before_commit: BeforeCommit, attempt: "_Attempt[T]") -> T:
        async with engine.begin() as connection:
            attempt.result = await connection.run_sync(work)
            if engine is not self._reading:
                attempt.transaction = await connection.run_sync(transaction_id)
            before_commit()
        return attempt.result

    async def _outcome_of(self, transaction: TransactionId) -> bool:
        """Return True if the transaction was committed, False if it never will be.

        Raises:
            StoreUnavailable: PostgreSQL can't say.
            DBAPIError: PostgreSQL couldn't be asked.
        """
        if (committed := await was_committed(self._engine, transaction)) is None:
            raise StoreUnavailable
        log.warning("store.commit_not_confirmed", committed=committed)
        return committed

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


class _Attempt(Generic[T]):
    """One run of a transaction: the result of its work, and its ID from just before the commit."""

    result: T
    transaction: TransactionId | None = None


class _Report:
    """Explains errors of one database, and logs their causes.

    Not every error is logged, because an outage causes thousands.
    """

    def __init__(self, setting: str) -> None:
        self._setting = setting
        self._logged_at = -LOG_EVERY_SECONDS

    def explain(self, error: Exception) -> None:
        """Raise StoreUnavailable for an error of the database. Does nothing for other errors, which are bugs."""
        if not is_failure(error):
            return
        detail = describe_failure(error, self._setting)
        if time.monotonic() - self._logged_at >= LOG_EVERY_SECONDS:
            self._logged_at = time.monotonic()
            log.error("store.unavailable", why=detail)
        raise StoreUnavailable(detail) from error


def is_failure(error: BaseException) -> bool:
    """Return True for an error of the database or its environment, and False for a faulty statement."""
    if isinstance(error, PoolTimeout | TimeoutError):
        return True
    if not isinstance(error, DBAPIError) or is_faulty_statement(error.orig):
        return False
    return isinstance(error, OperationalError) or error.connection_invalidated or failure_of(error) in SURROUNDINGS


def _sqlite(place: Place, *, size: int, begin: str, reads_only: bool = False) -> Engine:
    engine = create_engine(
        place.url,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        # The driver doesn't manage transactions, because it wouldn't start one before a SELECT.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"query_only={reads_only:d}")
        for pragma in pragmas[place.is_read_only :]:  # the first pragma would write
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
    """Take a lock that other transactions can't take until this one has ended. SQLite has one writer and needs none."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
