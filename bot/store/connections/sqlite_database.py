"""Transactions on a SQLite file, in threads."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.connections.database import BeforeCommit, ErrorReport, Work, nothing
from bot.store.connections.urls import Place

T = TypeVar("T")
BUSY_SECONDS = 10
READERS = 4


class SqliteDatabase:
    """A SQLite file. One thread writes, so that writers in this process never wait for each other's locks. Others read.

    A transaction runs in one thread. Drivers that switch threads for each statement take twenty times as long.
    """

    def __init__(self, place: Place) -> None:
        report = ErrorReport(place.setting)
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

    def __init__(self, engine: Engine, threads: int, name: str, report: ErrorReport) -> None:
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
