"""The fixed statements of a comparison. Names of tables and columns come from the schema, and are quoted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bot.commands.rewind._comparison import TableSide
from bot.turso.data_reading import Rows, Value

ROWS: Final = 1_000_000
"""The most rows of a table that are counted. Turso bills each."""
OBJECTS: Final = 1_000
"""The most rows of each of the three statements below: of tables, of other objects and of columns."""
TIME_COLUMNS: Final = (
    "created_at", "updated_at", "inserted_at", "modified_at", "occurred_at", "recorded_at",
    "created", "updated", "timestamp", "ts", "time", "at", "date",
)  # fmt: skip
"""Names of columns that clearly contain a time, the most certain first."""
SMALLEST_SECONDS: Final = 100_000_000
"""The smallest number that counts as a time. As seconds, it is in 1973."""
LARGEST_SECONDS: Final = 100_000_000_000
"""A larger number counts as milliseconds."""
ALL_TABLES: Final = r"""
    SELECT type, name, sql FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'libsql\_%' ESCAPE '\'
    ORDER BY name LIMIT 1000
"""
OTHER_OBJECTS: Final = r"""
    SELECT type, name, sql FROM sqlite_master
    WHERE type <> 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'libsql\_%' ESCAPE '\'
    ORDER BY type, name LIMIT 1000
"""
"""Indexes, views and triggers. They have their own limit, so that many of them don't hide tables."""
COLUMNS: Final = r"""
    SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name NOT LIKE 'libsql\_%' ESCAPE '\'
    AND lower(c.name) IN ('created_at', 'updated_at', 'inserted_at', 'modified_at', 'occurred_at', 'recorded_at',
        'created', 'updated', 'timestamp', 'ts', 'time', 'at', 'date')
    ORDER BY t.name LIMIT 1000
"""


def counting(table: str, time_column: str | None) -> str:
    """Return the statement that counts a table's rows, and finds its newest time, within the limit of rows."""
    what = _quoted(time_column) if time_column else "1 AS one"
    newest = f", max({_quoted(time_column)})" if time_column else ""
    # A name can't be bound as a parameter. It comes from this database's own schema, and is quoted.
    return f"SELECT count(*){newest} FROM (SELECT {what} FROM {_quoted(table)} LIMIT {ROWS + 1})"  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def time_columns(rows: Iterable[tuple[Value, ...]]) -> dict[str, str]:
    """Return the column of each table that most clearly contains a time."""
    columns: dict[str, str] = {}
    for table, column in ((str(row[0]), str(row[1])) for row in rows):
        if column.lower() not in TIME_COLUMNS:  # the statement selects only these
            continue
        rank = TIME_COLUMNS.index(column.lower())
        if table not in columns or rank < TIME_COLUMNS.index(columns[table].lower()):
            columns[table] = column
    return columns


def counted(found: Rows) -> TableSide:
    """Return the result of a table's counting statement."""
    count, *newest = found.rows[0] if found.rows else (None,)
    if not isinstance(count, int) or count < 0:
        return TableSide()
    if count > ROWS:  # the newest time of only some rows would be wrong
        return TableSide(ROWS, more=True)
    return TableSide(count, newest=time_shown(newest[0]) if newest else None)


def time_shown(value: Value) -> str | None:
    """Return a stored time as ISO text in UTC. None if the value isn't a time, so that it is never shown."""
    try:
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) > LARGEST_SECONDS else value
            moment = datetime.fromtimestamp(seconds, UTC) if seconds >= SMALLEST_SECONDS else None
        else:
            moment = datetime.fromisoformat(value) if value and value[:4].isdigit() else None
    except (ValueError, OverflowError, OSError):
        return None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
