"""Runs one statement: starts it, reads its rows, measures it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import apsw

from bot.sandbox.platform.hrana import scan
from bot.sandbox.platform.hrana.counting import counted_rows
from bot.sandbox.platform.hrana.errors import blocked, many_statements, no_statement
from bot.sandbox.platform.hrana.guard import Rights
from bot.sandbox.platform.hrana.session import Column, Session
from bot.sandbox.platform.hrana.values import SqlValue

Row = tuple[SqlValue, ...]


class NextStatement(Exception):
    """Raised to stop SQLite before it runs a second statement."""


class Run:
    """One run of a statement: `start` runs it up to its first row, `rows` yields the rows, and `finish` measures it."""

    def __init__(self, session: Session, sql: str, bindings: Sequence[SqlValue] = (), *, alone: bool = True) -> None:
        """Prepare a run.

        Args:
            alone: refuse a text with several statements. If False, only the first statement is run, and `consumed` is
                then the position at which it ends in the text.
        """
        self.sql, self.bindings = sql, bindings
        self.columns: tuple[Column, ...] = ()
        self.consumed = 0
        self.rows_read = self.rows_written = self.affected = 0
        self.last_insert_rowid: int | None = None
        self.milliseconds = 0.0
        self.is_readonly = True
        self._session, self._alone = session, alone
        self._text, self._length = sql, len(sql)
        self._cursor: apsw.Cursor | None = None
        self._returned = self._changes_before = 0
        self._no_writes = ""
        self._started_at = time.perf_counter()

    def start(self, rights: Rights) -> None:
        """Run the statement up to its first row. Raises StatementError, or Busy if it can be started again."""
        session = self._session
        if scan.is_blank(self.sql):
            raise no_statement()
        self._text = session.begin(self.sql, rights)
        self.consumed = self._returned = 0
        self._changes_before = session.connection.total_changes()
        self._cursor = session.connection.cursor()
        self._no_writes = rights.no_writes
        with session.traced(self._trace), session.errors(), suppress(NextStatement):
            self._cursor.execute(self._text, self.bindings)

    def _trace(self, cursor: apsw.Cursor, text: str, _: object) -> bool:
        if not cursor.has_vdbe:
            return True
        if self.consumed:
            raise NextStatement
        if self._alone and not scan.is_blank(self._text, len(text)):
            raise many_statements()
        self._length = len(text)
        self.consumed = self._length + len(self.sql) - len(self._text)
        self.is_readonly = cursor.is_readonly
        if not self.is_readonly and self._no_writes and not self._session.guard.explains and not _is_control(text):
            raise blocked(self._no_writes)
        self._session.guard.running = True
        self.columns = tuple(cursor.get_description())
        return True

    def rows(self) -> Iterator[Row]:
        """Yield the rows. Raises StatementError."""
        assert self._cursor is not None
        session = self._session
        with session.traced(self._trace), session.errors(), suppress(NextStatement):
            for row in self._cursor:
                self._returned += 1
                yield row

    def finish(self) -> None:
        """End the statement and measure it."""
        session, cursor = self._session, self._cursor
        self.milliseconds = (time.perf_counter() - self._started_at) * 1000
        if cursor is None:
            return
        with suppress(apsw.Error):
            cursor.close(True)
        session.ran(self.sql)
        connection, guard = session.connection, session.guard
        self.rows_written = connection.total_changes() - self._changes_before
        if guard.changes and not self.is_readonly:
            self.affected = connection.changes() if self.rows_written else 0
        if guard.inserts and not self.is_readonly:
            self.last_insert_rowid = connection.last_insert_rowid()
        self.rows_read = max(session.scan_steps + 1, self._returned, self.rows_written, 1) + self._counted()

    def _counted(self) -> int:
        session = self._session
        if not session.guard.counts or session.guard.explains:
            return 0
        with session.unguarded() as connection, suppress(apsw.Error, UnicodeError):
            return counted_rows(connection, self._text[: self._length], self.bindings)
        return 0


def _is_control(text: str) -> bool:
    return scan.first_word(text) in ("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE")
