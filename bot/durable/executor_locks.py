"""Executor locks: a process is executor N while it holds lock N, so that other processes leave its work alone."""

import asyncio
import fcntl
import os
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import IO, Any, Final

import psycopg
import structlog
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from bot.durable.fenced_engine import RunEnded
from bot.durable.outages import Describe, type_name

log = structlog.get_logger(__name__)

MOST: Final = 256
"""The highest number of a file lock. Advisory locks have higher numbers."""
TRIES: Final = 8
"""How many random numbers of advisory locks to try. That all of them are taken is practically impossible."""
LOCK_SPACE: Final = 0x7457
"""The first half of the advisory locks' keys. The second half is the number of the lock."""
PROBE_SECONDS: Final = 5.0


class NoExecutorLock(RuntimeError):
    """Raised if every executor lock that was tried is taken, because far too many processes are running."""


class ExecutorLocks(ABC):
    """The executor locks of one database."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        """Set when this process has lost its lock. Another process may then take over its work."""

    async def take(self) -> int:
        """Take a free lock, and return its number. It is held until `leave`, its loss, or the end of the process.

        Raises:
            NoExecutorLock: every lock that was tried is taken.
        """
        for number in self._candidates():
            if await self._try_to_keep(number):
                return number
        raise NoExecutorLock("every executor lock that was tried is taken")

    @abstractmethod
    def _candidates(self) -> Iterator[int]:
        """Return the numbers to try."""

    @abstractmethod
    def is_database_failure(self, error: Exception) -> bool:
        """Return True for an error of the database, after which a later try may succeed."""

    @abstractmethod
    async def leave(self) -> None:
        """Release the lock."""

    @abstractmethod
    def borrowed(self, number: int) -> AbstractAsyncContextManager[bool]:
        """Hold another executor's lock inside the block. Yields False if that executor or another recovery holds it."""

    @abstractmethod
    async def _try_to_keep(self, number: int) -> bool:
        """Try to take the lock and keep it. Returns False if another process holds it."""


class FileExecutorLocks(ExecutorLocks):
    """Locks on files next to a SQLite database. The system releases them when a process ends."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database
        self._kept: IO[str] | None = None

    def _candidates(self) -> Iterator[int]:
        return iter(range(1, MOST + 1))

    def is_database_failure(self, error: Exception) -> bool:
        """Return False, because a lock file that can't be used is a fault of the installation."""
        return False

    async def leave(self) -> None:
        """Release the lock."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @asynccontextmanager
    async def borrowed(self, number: int) -> AsyncIterator[bool]:
        """Hold another executor's lock inside the block. Yields False if that executor or another recovery holds it."""
        file = self._lock(number)
        try:
            yield file is not None
        finally:
            if file is not None:
                file.close()

    async def _try_to_keep(self, number: int) -> bool:
        self._kept = self._lock(number)
        return self._kept is not None

    def _lock(self, number: int) -> IO[str] | None:
        path = self._database.with_name(f"{self._database.name}.executor-{number}.lock")
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file


class AdvisoryExecutorLocks(ExecutorLocks):
    """Advisory locks in PostgreSQL, which end with their connection.

    Each lock gets a new random number, because a process that has lost its lock may still finish a transaction with the
    old number. Work that it starts in that way is recovered like that of any executor without a lock.
    """

    def __init__(self, url: URL, describe: Describe) -> None:
        super().__init__()
        _, arguments = url.get_dialect()().create_connect_args(url)
        self._arguments: dict[str, Any] = dict(arguments)
        self._describe = describe
        self._kept: psycopg.AsyncConnection | None = None
        self._watch: asyncio.Task[None] | None = None

    def _candidates(self) -> Iterator[int]:
        # Above the numbers of file locks, which earlier versions also used for advisory locks.
        return iter(random.sample(range(MOST + 1, 2**31), TRIES))

    async def leave(self) -> None:
        """Release the lock."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._kept is not None:
            await self._kept.close()
            self._kept = None

    @asynccontextmanager
    async def borrowed(self, number: int) -> AsyncIterator[bool]:
        """Hold another executor's lock inside the block. Yields False if that executor or another recovery holds it."""
        connection = await self._connect()
        try:
            yield await _try_lock(connection, number)
        finally:
            await connection.close()

    def is_database_failure(self, error: Exception) -> bool:
        """Return True if the error comes from the database or from the connection to it."""
        return isinstance(error, psycopg.OperationalError | OSError | DBAPIError | RunEnded)

    async def _try_to_keep(self, number: int) -> bool:
        self.lost.clear()
        if self._kept is None:
            self._kept = await self._connect()
        if not await _try_lock(self._kept, number):
            return False
        self._watch = asyncio.create_task(self._watch_connection(self._kept), name="durable: executor lock")
        return True

    async def _connect(self) -> psycopg.AsyncConnection:
        options: dict[str, Any] = {
            "application_name": "turso-ops executor lock",
            "keepalives_idle": 5,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 14_000,
            "connect_timeout": 10,
        }
        connection = await psycopg.AsyncConnection.connect(autocommit=True, **self._arguments | options)
        # With these settings, the server soon notices if this machine is gone.
        await connection.execute("SELECT set_config('tcp_keepalives_idle', '10', false)")
        await connection.execute("SELECT set_config('tcp_keepalives_interval', '5', false)")
        await connection.execute("SELECT set_config('tcp_keepalives_count', '3', false)")
        return connection

    async def _watch_connection(self, connection: psycopg.AsyncConnection) -> None:
        """Set `lost` when the connection breaks. A close is noticed at once, and a probe is sent every few seconds."""
        try:
            while True:
                async for _ in connection.notifies(timeout=PROBE_SECONDS):
                    pass
                async with asyncio.timeout(PROBE_SECONDS * 2):
                    await connection.execute("SELECT 1")
        except Exception as error:  # any error: without this watch the process might continue without its lock
            log.error("durable.lock_lost", why=self._describe(error))
            self.lost.set()


def executor_locks_of(database: str, describe: Describe = type_name) -> ExecutorLocks:
    """Return the executor locks of a database. `describe` turns a PostgreSQL error into a sentence for operators."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return FileExecutorLocks(Path(str(url.database)))
    return AdvisoryExecutorLocks(url.set(drivername="postgresql+psycopg"), describe)


async def _try_lock(connection: psycopg.AsyncConnection, number: int) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, number))
    row = await cursor.fetchone()
    return bool(row and row[0])
