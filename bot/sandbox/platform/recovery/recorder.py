"""Records what each commit to a database replaces, and copies the database as it was at an earlier time."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import BinaryIO

import apsw
import structlog

from bot.sandbox.platform.recovery import folder
from bot.sandbox.platform.recovery.folder import HistoryFolder
from bot.sandbox.platform.recovery.records import Header, encode
from bot.sandbox.platform.recovery.undo import undo
from bot.sandbox.platform.recovery.wal import Commit, Salts, Wal, open_wal

log = structlog.get_logger(__name__)

CHECKPOINT_FRAMES = 1000


class TooEarly(Exception):
    """Raised if the history for the requested time was deleted."""


class Recorder:
    """The history of one database file.

    SQLite appends changed pages to the write-ahead log, and later writes them into the file. After each commit, the old
    content of the pages that it changed is read: from an earlier frame of the log, or from the file. So no page may be
    written into the file before its commit is recorded. Therefore only this class starts checkpoints.
    """

    def __init__(self, database: Path, history: Path, clock: Callable[[], float]) -> None:
        self.database, self.folder, self._clock = database, HistoryFolder(history), clock
        self._lock = threading.RLock()
        self._keeper: apsw.Connection | None = None
        self._file: BinaryIO | None = None
        self._checkpoints = 0
        self._salts: Salts | None = None
        self._frames = 0
        self._where: dict[int, int] = {}
        """By page: its last frame in the log, up to the last recorded commit."""
        self._size_pages = 0

    # Connections

    def start(self, keeper: apsw.Connection) -> None:
        """Start recording. `keeper` must stay open as long as any watched connection is open."""
        with self._lock:
            self._keeper = keeper
            keeper.set_busy_timeout(0)

    def watch(self, connection: apsw.Connection) -> None:
        """Record the commits of a connection."""
        made_after = 0

        def before_commit() -> bool:
            nonlocal made_after
            made_after = self._checkpoints  # stays correct until the commit, because a checkpoint needs the write lock
            return False

        def after_commit(connection: apsw.Connection, schema: str, frames: int) -> int:
            self.record_commit(connection, made_after, frames)
            return apsw.SQLITE_OK

        connection.set_commit_hook(before_commit)
        connection.set_wal_hook(after_commit)

    def stop(self) -> None:
        """Stop recording. Call it before the last connection is closed, because SQLite then empties its log."""
        with self._lock:
            if self._salts is not None:
                self.folder.sync()
            self._keeper, self._salts = None, None

    def close_file(self) -> None:
        """Close the file.

        Call it after all connections are closed, because closing it ends all locks that this process has on the file.
        """
        with self._lock:
            self._salts = None
            if self._file is not None:
                self._file.close()
                self._file = None

    def recover(self, connection: apsw.Connection) -> None:
        """Record the commits that a killed process left in the write-ahead log.

        All of them get the time at which the log was last written.
        """
        with self._lock:
            written = self.database.with_name(self.database.name + "-wal").stat().st_mtime
            frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            self._record(frames, at=written)
            self.stop()
            self.close_file()

    # Recording

    def record_commit(self, connection: apsw.Connection, made_after: int, frames: int) -> None:
        """Record a commit of a connection, and start a checkpoint if the log is long.

        Args:
            made_after: the number of checkpoints before the commit.
            frames: the number of frames in the log up to the end of the commit.
        """
        with self._lock:
            try:
                if made_after == self._checkpoints:  # otherwise the checkpoint has recorded this commit
                    self._record(frames)
                if frames >= CHECKPOINT_FRAMES:
                    self._checkpoint(connection)
            except OSError as error:
                # Nothing is lost: without a record there is no checkpoint, and the next commit tries again.
                log.warning("platform.history_not_written", database=self.database.stem, why=error.strerror)

    def _checkpoint(self, connection: apsw.Connection) -> None:
        """Record all commits, and let SQLite write them into the file. Does nothing while another connection writes."""
        if self._keeper is None:
            return
        try:
            self._keeper.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            return
        try:
            frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            self._record(frames)
            self.folder.sync()
            self._checkpoints += 1
            with suppress(apsw.BusyError):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            self._keeper.execute("ROLLBACK")

    def _record(self, frames: int, *, at: float | None = None) -> None:
        """Record the commits in the log that aren't recorded yet, up to this number of frames."""
        with open_wal(self.database) as wal:
            if wal is None:
                return
            if self._salts is None:
                self._resume(wal)
            if wal.salts != self._salts:
                self._begin(wal)
            at_us = int((self._clock() if at is None else at) * 1e6)
            for commit in wal.commits(self._frames, frames):
                header = Header(at_us, self._size_pages, wal.salts, commit.end, wal.page_bytes)
                self.folder.append(encode(header, self._replaced(wal, commit)))
                self._apply(commit)

    def _resume(self, wal: Wal) -> None:
        """Continue after the last record, if it belongs to this generation of the log."""
        last = self.folder.last()
        self._begin(wal)
        if last is not None and last.header.salts == wal.salts:
            for commit in wal.commits(0, last.header.frames):
                self._apply(commit)

    def _begin(self, wal: Wal) -> None:
        """Start with a new generation of the log. Everything before it is in the database file."""
        if self._file is None:
            self._file = self.database.open("rb", buffering=0)
        self._salts, self._frames, self._where = wal.salts, 0, {}
        self._size_pages = self._file.seek(0, 2) // wal.page_bytes

    def _apply(self, commit: Commit) -> None:
        self._where |= commit.frames
        self._frames, self._size_pages = commit.end, commit.size_pages

    def _replaced(self, wal: Wal, commit: Commit) -> dict[int, bytes]:
        """Return the pages that a commit changed or cut off, with their old content."""
        changed = {*commit.frames, *range(commit.size_pages + 1, self._size_pages + 1)}
        return {page: self._before(wal, page) for page in sorted(changed) if page <= self._size_pages}

    def _before(self, wal: Wal, page: int) -> bytes:
        if page in self._where:
            return wal.page(self._where[page])
        assert self._file is not None
        self._file.seek((page - 1) * wal.page_bytes)
        return (self._file.read(wal.page_bytes) or b"").ljust(wal.page_bytes, b"\0")

    # Copies

    def copy(self, target: Path, at: float | None) -> None:
        """Copy the database to a new file: as it is now, or as it was at `at` (epoch seconds). Raises TooEarly."""
        at_us = None if at is None else int(at * 1e6)
        with ExitStack() as stack:
            source = stack.enter_context(closing(apsw.Connection(str(self.database))))
            with self._lock:
                if at_us is not None and at_us < self.folder.forgotten_us:
                    raise TooEarly
                source.execute("BEGIN")
                source.execute("SELECT 1 FROM sqlite_schema").fetchall()
                self._catch_up()
                segments = self.folder.opened(stack)
            _backup(source, target)
            if at_us is not None:
                undo(target, segments, at_us)

    def _catch_up(self) -> None:
        """Record all commits made so far, including those for which SQLite hasn't called the hook yet."""
        assert self._keeper is not None
        with open_wal(self.database) as wal:
            salts = wal and wal.salts
        frames, _ = self._keeper.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        with open_wal(self.database) as wal:
            # If a new generation of the log has begun, all commits of the last generation are already recorded.
            if wal is not None and wal.salts == salts:
                self._record(frames)

    # Upkeep

    def compact(self, before: float, most_bytes: int) -> None:
        """Compress full segments, delete those before a time (epoch seconds), and keep at most `most_bytes`."""
        for path in self.folder.to_pack():
            packed = folder.pack(path)
            with self._lock:
                folder.replace(path, packed)
        with self._lock:
            self.folder.forget(int(before * 1e6), most_bytes)


def _backup(source: apsw.Connection, target: Path) -> None:
    with closing(apsw.Connection(str(target))) as copy, copy.backup("main", source, "main") as backup:
        backup.step()
