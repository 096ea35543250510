"""Executor locks: a process is executor N while it holds lock N, so others leave its work alone."""

import asyncio
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import IO, Final

import psycopg
import structlog
from sqlalchemy.engine import make_url

log = structlog.get_logger(__name__)

MOST: Final = 256
LOCK_SPACE: Final = 0x7457
"""The first half of the advisory locks' keys. The second is the number of the executor lock."""
LOOK_SECONDS: Final = 5.0


class NoExecutorLock(RuntimeError):
    """Raised if every executor lock is taken, which means far too many processes."""


class ExecutorLocks(ABC):
    """The executor locks of one database."""

    async def take(self) -> int:
        """Take the first free lock. It is held until `leave`, or until this process ends in any way."""
        for number in range(1, MOST + 1):
            if await self._try_to_keep(number):
                return number
        raise NoExecutorLock(f"all {MOST} executor locks are taken")

    @abstractmethod
    async def leave(self) -> None:
        """Release the lock."""

    @abstractmethod
    def borrowed(self, number: int) -> AbstractAsyncContextManager[bool]:
        """Hold another executor's lock briefly. Yields False if that executor is running."""

    @abstractmethod
    async def _try_to_keep(self, number: int) -> bool:
        """Take and keep the lock. Returns False if another process holds it."""


class FileExecutorLocks(ExecutorLocks):
    """Locks on files beside a SQLite database. The system releases them when a process ends."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._kept: IO[str] | None = None

    async def leave(self) -> None:
        """Release the lock."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @asynccontextmanager
    async def borrowed(self, number: int) -> AsyncIterator[bool]:
        """Hold another executor's lock briefly. Yields False if that executor is running."""
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
    """Advisory locks in PostgreSQL, which end with their connection."""

    def __init__(self, conninfo: str, lost: Callable[[], None]) -> None:
        self._conninfo = conninfo
        self._lost = lost
        self._kept: psycopg.AsyncConnection | None = None
        self._watch: asyncio.Task[None] | None = None

    async def leave(self) -> None:
        """Release the lock."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._kept is not None:
            await self._kept.close()
            self._kept = None

    @asynccontextmanager
    async def borrowed(self, number: int) -> AsyncIterator[bool]:
        """Hold another executor's lock briefly. Yields False if that executor is running."""
        connection = await self._connect()
        try:
            yield await _try_lock(connection, number)
        finally:
            await connection.close()

    async def _try_to_keep(self, number: int) -> bool:
        if self._kept is None:
            self._kept = await self._connect()
        if not await _try_lock(self._kept, number):
            return False
        self._watch = asyncio.create_task(self._look_after(self._kept), name="durable: executor lock")
        return True

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            application_name="turso-ops executor lock",
            keepalives_idle=5,
            keepalives_interval=3,
            keepalives_count=3,
            connect_timeout=10,
        )
        # So that the server soon notices if this machine disappears.
        await connection.execute("SELECT set_config('tcp_keepalives_idle', '10', false)")
        await connection.execute("SELECT set_config('tcp_keepalives_interval', '5', false)")
        await connection.execute("SELECT set_config('tcp_keepalives_count', '3', false)")
        return connection

    async def _look_after(self, connection: psycopg.AsyncConnection) -> None:
        """Watch the connection: a close is noticed at once, and a probe is sent every few seconds."""
        try:
            while True:
                async for _ in connection.notifies(timeout=LOOK_SECONDS):
                    pass
                async with asyncio.timeout(LOOK_SECONDS * 2):
                    await connection.execute("SELECT 1")
        except Exception:  # any error: without this watch the process might continue without its lock
            log.critical("durable.lock_lost", hint="the connection that held this process's lock broke", exc_info=True)
            self._lost()


def executor_locks_of(database: str, *, lost: Callable[[], None]) -> ExecutorLocks:
    """Return the executor locks of a database. `lost` is called if this process loses its own."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return FileExecutorLocks(Path(str(url.database)))
    return AdvisoryExecutorLocks(url.set(drivername="postgresql").render_as_string(hide_password=False), lost)


async def _try_lock(connection: psycopg.AsyncConnection, number: int) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, number))
    row = await cursor.fetchone()
    return bool(row and row[0])
