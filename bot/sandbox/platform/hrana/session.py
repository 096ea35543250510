"""A client's SQLite connection, with limits on what its statements may do and how long they may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
from apsw.ext import query_info

from bot.sandbox.platform.hrana import scan
from bot.sandbox.platform.hrana.errors import (
    Busy,
    arguments_invalid,
    from_sqlite,
    many_statements,
    no_statement,
    transaction_timeout,
)
from bot.sandbox.platform.hrana.guard import READ_ONLY_TRANSACTION, Guard, Rights
from bot.sandbox.platform.hrana.limits import Limits

PAGE_BYTES = 4096
_OPENING_MILLISECONDS = 10_000
Column = tuple[str, str | None]
Trace = Callable[[apsw.Cursor, str, object], bool]

_SETTINGS: dict[str, int | str] = {
    "synchronous": 2,
    "foreign_keys": 1,
    "temp_store": 2,
}


def open_file(path: Path) -> apsw.Connection:
    """Open a database file for the platform itself, in WAL mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_OPENING_MILLISECONDS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", 2)
    connection.execute("SELECT 1 FROM sqlite_schema").fetchall()
    return connection


@dataclass(frozen=True)
class Description:
    """The parameters of a statement, and the columns that it returns."""

    parameters: tuple[str | None, ...]
    columns: tuple[Column, ...]
    is_explain: bool
    is_readonly: bool


class Session:
    """A connection to one file. It isn't thread-safe, but each statement may run on a different thread."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.guard = Guard(off=True)
        self.limits = limits
        self.scan_steps = 0
        self.deadline = 0.0
        self.timed_out = False
        self._reads_only = False
        self._page_limit = 0
        self.connection = apsw.Connection(str(path), statementcachesize=0)
        self._prepare()

    def _prepare(self) -> None:
        connection, limits = self.connection, self.limits
        connection.set_busy_timeout(_OPENING_MILLISECONDS)
        for name, value in _SETTINGS.items():
            connection.pragma(name, value)
        connection.pragma("max_page_count", limits.temporary_bytes // PAGE_BYTES, schema="temp")
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, limits.value_bytes)
        connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, limits.statement_bytes)
        connection.set_progress_handler(lambda: time.monotonic() > self.deadline, 20_000)
        connection.set_authorizer(self.guard.authorize)
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._profile)
        # From now on statements don't wait for the write lock inside SQLite, because that would block a thread.
        connection.set_busy_timeout(0)
        self.guard.off = False

    def _profile(self, event: dict[str, Any]) -> None:
        self.scan_steps = event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]

    @property
    def is_autocommit(self) -> bool:
        return self.connection.get_autocommit()

    @property
    def holds_write_lock(self) -> bool:
        return self.connection.txn_state("main") == apsw.SQLITE_TXN_WRITE

    @contextmanager
    def unguarded(self) -> Iterator[apsw.Connection]:
        """Yield the connection without its authorizer, for the platform's own statements."""
        self.guard.off, self.deadline = True, time.monotonic() + self.limits.statement_seconds
        try:
            yield self.connection
        finally:
            self.guard.off = False

    def limit_size(self, size_bytes: int) -> None:
        """Limit the size to which the database may grow."""
        if size_bytes != self._page_limit:
            with self.unguarded() as connection:
                connection.pragma("max_page_count", max(1, size_bytes // PAGE_BYTES))
            self._page_limit = size_bytes

    def storage_bytes(self) -> int:
        """Return the size of the database as this connection sees it."""
        with self.unguarded() as connection:
            return int(connection.pragma("page_count")) * PAGE_BYTES

    def rollback(self) -> None:
        if not self.is_autocommit:
            with self.unguarded() as connection:
                connection.execute("ROLLBACK")
        self._reads_only = False

    def time_out(self) -> None:
        """Roll back an idle transaction. The client's next statement gets the error."""
        self.rollback()
        self.timed_out = True

    def close(self) -> None:
        self.connection.close()

    def begin(self, sql: str, rights: Rights) -> str:
        """Prepare for a statement, and return its text for stock SQLite. Raises StatementError."""
        if self.timed_out:
            self.timed_out = False
            raise transaction_timeout()
        self._reads_only = self._reads_only and not self.is_autocommit
        if self._reads_only:
            rights = Rights(rights.no_reads, rights.no_writes or READ_ONLY_TRANSACTION)
        self.guard.begin(rights, scan.first_word(sql))
        self.scan_steps, self.deadline = 0, time.monotonic() + self.limits.statement_seconds
        if scan.begins_read_only(sql):
            return scan.without_readonly(sql)
        return scan.without_lock(sql) if rights.no_writes else sql

    def ran(self, sql: str) -> None:
        """Remember whether the statement that has run started a read-only transaction."""
        self._reads_only = self._reads_only or scan.begins_read_only(sql)

    def describe(self, sql: str, rights: Rights) -> Description:
        """Prepare a statement without running it. Raises StatementError or Busy."""
        if scan.is_blank(sql):
            raise no_statement()
        text = self.begin(sql, rights)
        with self.errors():
            found = query_info(self.connection, text)
        if not scan.is_blank(found.query_remaining or ""):
            raise many_statements()
        names = scan.full_names(found.first_query, found.bindings_names)
        return Description(names, tuple(found.description), bool(found.is_explain), found.is_readonly)

    @contextmanager
    def traced(self, trace: Trace) -> Iterator[None]:
        """Call `trace` before each statement that runs inside the context."""
        self.connection.exec_trace = trace
        try:
            yield
        finally:
            self.connection.exec_trace = None

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into the protocol's. Raises StatementError or Busy."""
        try:
            yield
        except apsw.BusyError as error:
            if getattr(error, "extendedresult", 0) == apsw.SQLITE_BUSY_SNAPSHOT:
                raise from_sqlite(error) from None
            raise Busy from None
        except apsw.BindingsError as error:
            raise arguments_invalid(str(error)) from None
        except (apsw.Error, UnicodeError, ValueError, MemoryError) as error:
            raise (self.guard.refusal or from_sqlite(error)) from None
