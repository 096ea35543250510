"""An open database: its file, and the queue of waiting writers."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.hrana.guard import NO_WRITE_PERMISSION, READS_BLOCKED, WRITES_BLOCKED, Rights
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.hrana.session import Session, open_file
from bot.sandbox.platform.recovery.recorder import Recorder


class Served:
    """An open database. It keeps one connection open, so that SQLite doesn't checkpoint the log after each request."""

    def __init__(self, database: Database, recorder: Recorder, instance: str, limits: Limits) -> None:
        self.database = database
        self.recorder, self.instance, self.limits = recorder, instance, limits
        self.running = 0
        self.closed = False
        self.used_at = time.monotonic()
        self._opening = threading.Lock()
        self._keeper: apsw.Connection | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    def open(self) -> Session:
        """Return a new connection. Blocks, so call it on a thread of the data plane."""
        self._keep_open()
        session = Session(self.recorder.database, self.limits)
        session.limit_size(self.size_limit_bytes)
        self.recorder.watch(session.connection)
        return session

    def _keep_open(self) -> None:
        with self._opening:
            if self._keeper is None:
                self._keeper = open_file(self.recorder.database)
                self.recorder.start(self._keeper)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the database open inside the context."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    def copy(self, target: Path, at: float | None) -> None:
        """Copy the database to a new file, as it is or was at `at` (epoch seconds). Blocks. Raises TooEarly."""
        self._keep_open()
        self.recorder.copy(target, at)

    @property
    def size_limit_bytes(self) -> int:
        return self.database.size_limit_bytes or self.limits.database_bytes

    def rights(self, *, read_only: bool) -> Rights:
        """Return what a session with a read-only or full-access token may do now."""
        database = self.database
        no_writes = NO_WRITE_PERMISSION if read_only else WRITES_BLOCKED if database.refuses_writes else ""
        return Rights(READS_BLOCKED if database.refuses_reads else "", no_writes)

    async def wait_for_turn(self, timeout: float) -> None:
        """Wait until another writer has finished, but at most `timeout` seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        with suppress(TimeoutError):
            await asyncio.wait_for(future, timeout)

    def wake(self) -> None:
        """Wake the writer that has waited longest. Writers that have given up are skipped."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return

    def close(self) -> None:
        """Close the file. Blocks. Call it when no statement is running."""
        self.closed = True
        with self._opening:
            if self._keeper is not None:
                self.recorder.stop()
                self._keeper.close()
                self._keeper = None
                self.recorder.close_file()
