"""The data plane's engine: the open databases, and the threads that run their statements."""

import asyncio
import shutil
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.sandbox.platform.catalog.records import Database, Instance
from bot.sandbox.platform.clock import Clock
from bot.sandbox.platform.hrana.batons import Streams
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.hrana.meter import Meter
from bot.sandbox.platform.hrana.served import Served
from bot.sandbox.platform.hrana.session import PAGE_BYTES, open_file
from bot.sandbox.platform.hrana.stream import PAUSE, Pause, Stream
from bot.sandbox.platform.recovery.recorder import Recorder

T = TypeVar("T")
Y = TypeVar("Y")
_POLL_SECONDS = 0.1
_SWEEP_SECONDS = 1.0


class _Done(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value


class DataPlane:
    """Runs statements on threads, so that they don't block the event loop. `http` handles requests and tokens."""

    def __init__(self, folder: Path, meter: Meter, limits: Limits, clock: Clock) -> None:
        self.folder, self.meter, self.limits, self._clock = folder, meter, limits, clock
        self.streams = Streams(limits, meter)
        self._threads = ThreadPoolExecutor(limits.threads, "platform-data")
        self._served: dict[str, Served] = {}
        self._recorders: dict[str, Recorder] = {}
        self._swept_at = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, database_id: str) -> Path:
        """Return the file of a database. The platform creates the IDs, so no name from a client becomes a path."""
        return self.folder / f"{database_id}.db"

    def recorder(self, database_id: str) -> Recorder:
        """Return the recorder of a database's history."""
        recorder = self._recorders.get(database_id)
        if recorder is None:
            history = self.folder.parent / "history" / database_id
            recorder = self._recorders[database_id] = Recorder(self.path(database_id), history, self._clock.time)
        return recorder

    def serve(self, database: Database, primary: Instance | None) -> Served:
        """Return a database for use by requests. Its file is opened when the first statement runs.

        Args:
            database: its current row of the catalogue.
            primary: its primary instance, to which usage is added. None if it has none.
        """
        served = self._served.get(database.id)
        if served is None:
            instance = primary.uuid if primary else database.id
            served = Served(database, self.recorder(database.id), instance, self.limits)
            self._served[database.id] = served
        served.database, served.used_at = database, time.monotonic()
        return served

    def update(self, database: Database) -> None:
        """Apply a new configuration to sessions that are already open."""
        if database.id in self._served:
            self._served[database.id].database = database

    # Running

    async def on_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function on a thread to its end, even if the caller is cancelled in the meantime."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, function, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    async def run(self, stream: Stream, steps: Generator[Pause, None, T]) -> T:
        """Run a generator to its end and return its value. Wait for other writers when it pauses."""
        try:
            while True:
                outcome = await self._advance(stream, steps)
                if isinstance(outcome, _Done):
                    return outcome.value
        finally:
            stream.served.wake()

    async def chunks(self, stream: Stream, steps: Generator[Pause | bytes, None, None]) -> AsyncGenerator[bytes, None]:
        """Run a generator that also yields parts of a response. The caller may stop before the end."""
        ended = False
        try:
            while True:
                outcome = await self._advance(stream, steps)
                if isinstance(outcome, _Done):
                    ended = True
                    return
                if isinstance(outcome, bytes):
                    yield outcome
        finally:
            if not ended:
                await self.on_thread(steps.close)
            stream.served.wake()

    async def _advance(self, stream: Stream, steps: Generator[Y, None, T]) -> Y | _Done[T]:
        outcome = await self.on_thread(_next, steps)
        if outcome == PAUSE:
            await self._end_overdue_transactions(stream.served)
            await stream.served.wait_for_turn(_POLL_SECONDS)
        return outcome

    async def _end_overdue_transactions(self, served: Served) -> None:
        """Roll back idle transactions that have held the write lock for too long."""
        longest = time.monotonic() - self.limits.transaction_seconds
        for stream in self.streams.of(served):
            if not stream.running and stream.writing_since is not None and stream.writing_since < longest:
                stream.running = True
                try:
                    await self.on_thread(stream.time_out)
                finally:
                    stream.running = False

    # Closing

    async def discard(self, stream: Stream) -> None:
        """Close a stream, which rolls back its open transaction. Its baton becomes invalid."""
        stream.closed = True
        self.streams.drop(stream)
        await self.on_thread(stream.close)
        stream.served.wake()

    async def sweep(self, *, now: bool = False) -> None:
        """Close streams that were idle for too long, and the least recently used databases if too many are open.

        Databases with a stream or a running request stay open. Does nothing if it ran less than a second ago, unless
        `now` is True or too many databases are open.
        """
        crowded = len(self._served) > self.limits.open_databases
        if not (now or crowded) and time.monotonic() < self._swept_at + _SWEEP_SECONDS:
            return
        self._swept_at = time.monotonic()
        for stream in self.streams.overdue():
            await self.discard(stream)
        await self._close_oldest()

    async def _close_oldest(self) -> None:
        spare = len(self._served) - self.limits.open_databases
        if spare > 0:
            for served in sorted(self._served.values(), key=lambda served: served.used_at)[:spare]:
                if not served.running and not self.streams.of(served):
                    del self._served[served.database.id]
                    await self.on_thread(served.close)

    async def disconnect(self, database_id: str) -> None:
        """Close the streams of a database, as a rotation does.

        The remaining statements of a stream that is running fail, and it is closed at the end of its request. A stream
        that is running its first request isn't closed.
        """
        served = self._served.get(database_id)
        if served is None:
            return
        for stream in self.streams.of(served):
            stream.closed = True
            self.streams.drop(stream)
            if not stream.running:
                await self.on_thread(stream.close)
        served.wake()

    async def remove(self, database_id: str) -> None:
        """Close a database's connections, and delete its file and its history."""
        await self.disconnect(database_id)
        served = self._served.pop(database_id, None)
        if served is not None:
            served.closed = True
            await self.on_thread(served.close)
        await self.on_thread(self._unlink, database_id)

    async def compact_history(self, database_id: str, before: float) -> None:
        """Compress a database's history, and delete what is older than `before` (epoch seconds) or over the limit."""
        recorder = self.recorder(database_id)
        if recorder.folder.path.exists():
            await self.on_thread(recorder.compact, before, self.limits.history_bytes)

    def _unlink(self, database_id: str) -> None:
        path = self.path(database_id)
        shutil.rmtree(self.recorder(database_id).folder.path, ignore_errors=True)
        self._recorders.pop(database_id, None)
        for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            file.unlink(missing_ok=True)

    def clear_orphans(self, live: set[str]) -> None:
        """Delete the files of databases that aren't in the catalogue, which a crash can leave behind."""
        for path in self.folder.glob("*.db*"):
            name = path.name.partition(".")[0]
            if name not in live and _is_uuid(name):
                path.unlink(missing_ok=True)
        for path in (self.folder.parent / "history").glob("*"):
            if path.name not in live and _is_uuid(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def recover_commits(self) -> dict[str, int]:
        """Record the commits that a killed process made but didn't record in the databases' histories.

        Return the sizes in bytes of the databases that the process had open, by ID.
        """
        sizes: dict[str, int] = {}
        for log in self.folder.glob("*.db-wal"):
            database_id = log.name.removesuffix(".db-wal")
            with closing(open_file(self.path(database_id))) as connection:
                self.recorder(database_id).recover(connection)
                sizes[database_id] = int(connection.pragma("page_count")) * PAGE_BYTES
        return sizes

    async def close(self) -> None:
        """Close everything. Acknowledged writes are already on disk."""
        for served in list(self._served.values()):
            await self.disconnect(served.database.id)
            await self.on_thread(served.close)
        self._served.clear()
        self._threads.shutdown()


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False


def _next(steps: Generator[Y, None, T]) -> Y | _Done[T]:
    try:
        return next(steps)
    except StopIteration as stop:
        return _Done(stop.value)
