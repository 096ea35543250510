"""Transactions on PostgreSQL, over asynchronous connections that may be lost."""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.core.concurrency.deadline import within
from bot.store.connections.commit_outcome import TransactionId, transaction_id, was_committed
from bot.store.connections.connect_arguments import CONNECT_SECONDS, connect_arguments, limit_statements
from bot.store.connections.database import BeforeCommit, ErrorReport, StoreUnavailable, Work, nothing
from bot.store.connections.urls import Place

T = TypeVar("T")
POSTGRESQL_POOL: Final = 8
"""The default of `DATABASE_POOL_SIZE`. With it, a process has fewer than 20 connections, including durable work."""
POSTGRESQL_TIMEOUT: Final = 30
"""The default of `DATABASE_TIMEOUT`, in seconds."""
RETRIES_AFTER_LOSS = 3
"""How many times a transaction is repeated after its connection was lost."""

log = structlog.get_logger(__name__)


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
        self._report = ErrorReport(place.setting)
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
