"""A stream: one client's connection, which batons continue over several HTTP requests."""

import asyncio
import time
from collections.abc import Generator, Iterator
from typing import Any, Literal

import apsw

from bot.sandbox.platform.hrana import scan, values
from bot.sandbox.platform.hrana.errors import (
    BadRequest,
    Busy,
    StatementError,
    arguments_invalid,
    database_locked,
    from_sqlite,
    response_too_large,
    stream_closed,
)
from bot.sandbox.platform.hrana.meter import Meter
from bot.sandbox.platform.hrana.run import Row, Run
from bot.sandbox.platform.hrana.served import Served
from bot.sandbox.platform.hrana.session import Description, Session
from bot.sandbox.platform.hrana.values import SqlValue
from bot.sandbox.platform.hrana.wire import Statement, Text

Pause = Literal["pause"]
PAUSE: Pause = "pause"
_ROW_OVERHEAD = 32


class Stream:
    """A client's connection.

    Its generators run on the data plane's threads, and yield `PAUSE` while another stream writes.
    """

    def __init__(self, id_: int, served: Served, meter: Meter) -> None:
        self.id, self.served, self.meter = id_, served, meter
        self.serial = 0
        self.read_only = False
        self.running = False
        self.paused = asyncio.Event()
        self.closed = False
        self.budget = 0
        self.idle_since = time.monotonic()
        self.writing_since: float | None = None
        self._session: Session | None = None
        self._stored: dict[int, str] = {}

    @property
    def session(self) -> Session:
        """Return the connection, opened on first use. Raises StatementError."""
        if self.served.closed or self.closed:
            raise stream_closed()
        if self._session is None:
            try:
                self._session = self.served.open()
            except apsw.Error as error:
                raise from_sqlite(error) from None
        return self._session

    @property
    def is_autocommit(self) -> bool:
        return self._session is None or self._session.is_autocommit

    def begin_request(self, *, read_only: bool) -> None:
        """Prepare for a request: note whether its token is read-only, and reset how large its response may become."""
        self.read_only, self.budget = read_only, self.served.limits.response_bytes

    def end_request(self) -> None:
        """Finish a request, and note since when an open transaction has blocked other writers. Blocks."""
        if self.closed:
            self.close()
        if self._session is None:
            return
        holds = self._session.holds_write_lock
        self.writing_since = (self.writing_since or time.monotonic()) if holds else None

    def time_out(self) -> None:
        """Roll back an idle transaction, so that others can write."""
        if self._session is not None:
            self._session.time_out()
        self.writing_since = None

    def close(self) -> None:
        """Roll back an open transaction and close the connection. Blocks."""
        self.closed = True
        session, self._session = self._session, None
        if session is not None:
            session.close()

    # Statements

    def start(self, statement: Statement) -> Generator[Pause, None, Run]:
        """Run a statement up to its first row. Raises StatementError, or BadRequest if its text isn't stored."""
        sql = self.sql(statement.text)
        session = self.session
        run = Run(session, sql, self._bindings(sql, statement))
        yield from self._start_when_free(run)
        return run

    def _start_when_free(self, run: Run) -> Generator[Pause, None, None]:
        give_up = time.monotonic() + self.served.limits.busy_seconds
        while True:
            session = self.session
            session.limit_size(self.served.size_limit_bytes)
            try:
                return run.start(self.served.rights(read_only=self.read_only))
            except Busy:
                if time.monotonic() > give_up:
                    raise database_locked() from None
                yield PAUSE
            except StatementError:
                self.measure(run)
                raise

    def rows(self, run: Run) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows in the protocol's form. Raises StatementError, also if the response becomes too large."""
        for row in run.rows():
            self.budget -= _ROW_OVERHEAD + _size(row)
            if self.budget < 0:
                raise response_too_large()
            yield [values.encode(value) for value in row]

    def measure(self, run: Run) -> None:
        """End a run, and count its usage."""
        run.finish()
        served = self.served
        self.meter.ran(served.database.id, served.instance, run.sql, run.rows_read, run.rows_written)
        if not run.is_readonly and self.session.is_autocommit:
            self.meter.set_size(served.database.id, served.instance, self.session.storage_bytes())

    def execute(self, statement: Statement) -> Generator[Pause, None, dict[str, Any]]:
        """Run a statement and return a `StmtResult`. Raises StatementError, or BadRequest if its text isn't stored."""
        run = yield from self.start(statement)
        rows: list[list[dict[str, Any]]] = []
        try:
            for row in self.rows(run):
                rows.append(row)
        finally:
            self.measure(run)
        return result(run, rows if statement.want_rows else [])

    def sequence(self, sql: str) -> Generator[Pause, None, None]:
        """Run all statements of a text until one fails. Raises StatementError."""
        while not scan.is_blank(sql):
            run = Run(self.session, sql, alone=False)
            yield from self._start_when_free(run)
            try:
                for _ in run.rows():
                    pass
            finally:
                self.measure(run)
            sql = sql[run.consumed :] if run.consumed else ""

    def describe(self, sql: str) -> Generator[Pause, None, Description]:
        """Return the description of a statement. Raises StatementError."""
        while True:
            try:
                return self.session.describe(sql, self.served.rights(read_only=self.read_only))
            except Busy:
                yield PAUSE

    def store(self, sql_id: int, sql: str) -> None:
        """Store a text for later statements. Raises BadRequest, or StatementError if it exceeds a limit."""
        limits = self.served.limits
        if sql_id in self._stored:
            raise BadRequest(f"SQL text {sql_id} is already stored")
        if len(sql.encode(errors="replace")) > limits.stored_text_bytes:
            raise StatementError("SQL_STORE_TOO_LARGE", "SQL text is too large")
        if len(self._stored) >= limits.stored_texts:
            raise StatementError("SQL_STORE_TOO_MANY", "Too many SQL texts are stored")
        self._stored[sql_id] = sql

    def forget(self, sql_id: int) -> None:
        self._stored.pop(sql_id, None)

    def sql(self, text: Text) -> str:
        """Return the SQL of a text, which may have been stored. Raises BadRequest for an unknown ID."""
        if text.sql is not None:
            return text.sql
        stored = self._stored.get(text.sql_id or 0)
        if stored is None:
            raise BadRequest(f"SQL text {text.sql_id} was not found")
        return stored

    def _bindings(self, sql: str, statement: Statement) -> tuple[SqlValue, ...]:
        if not statement.named_args:
            return statement.args
        if statement.args:
            raise StatementError(
                "ARGS_BOTH_POSITIONAL_AND_NAMED", "Specifying both positional and named arguments is not supported"
            )
        description = self.session.describe(sql, self.served.rights(read_only=self.read_only))
        given = dict(statement.named_args)
        return tuple(_named(name, position, given) for position, name in enumerate(description.parameters, 1))


def _named(name: str | None, position: int, given: dict[str, SqlValue]) -> SqlValue:
    for candidate in (name, name[1:]) if name else ():
        if candidate in given:
            return given[candidate]
    raise arguments_invalid(f"value for parameter {name or position} not found")


def _size(row: Row) -> int:
    return sum(len(value) + 8 if isinstance(value, (str, bytes)) else 24 for value in row)


def result(run: Run, rows: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the run as the protocol's `StmtResult`."""
    rowid = run.last_insert_rowid
    return {
        "cols": [{"name": name, "decltype": decltype} for name, decltype in run.columns],
        "rows": rows,
        "affected_row_count": run.affected,
        "last_insert_rowid": None if rowid is None else str(rowid),
        "replication_index": None,
        "rows_read": run.rows_read,
        "rows_written": run.rows_written,
        "query_duration_ms": run.milliseconds,
    }
