"""Convert records to rows and back. Columns have the names of fields, and the column types convert values."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Executable, Row, Table, TextClause, bindparam, text

R = TypeVar("R")


def values(record: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the fields of a record as column values."""
    return {name: getattr(record, name) for name in _names(type(record)) - without}


def record(kind: type[R], row: Row[Any], **more: Any) -> R:
    """Build a record from a row. Columns without a field are left out."""
    names = _names(kind)
    return kind(**{name: value for name, value in row._mapping.items() if name in names}, **more)


def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


def one(connection: Connection, kind: type[R], query: Executable) -> R | None:
    """Return the first record of a query, or None."""
    row = connection.execute(query).first()
    return None if row is None else record(kind, row)


def many(connection: Connection, kind: type[R], query: Executable) -> list[R]:
    """Return every record of a query."""
    return [record(kind, row) for row in connection.execute(query)]


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same value of a unique key exists. Returns True if it was inserted."""
    # RETURNING is reliable, but the row count of an insert differs between drivers.
    return connection.execute(_new(table), row).first() is not None


def insert_newest(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows. Each replaces a row with the same primary key."""
    if rows:
        connection.execute(_newest(table), rows)


# These are text, because SQLAlchemy compiles its own `insert … on conflict` each time, which is slower than running it.


@cache
def _new(table: Table) -> TextClause:
    return _insert(table, f"ON CONFLICT DO NOTHING RETURNING {_quoted(table.primary_key.columns[0])}")


@cache
def _newest(table: Table) -> TextClause:
    keys = ", ".join(_quoted(column) for column in table.primary_key)
    rest = [_quoted(column) for column in table.c if not column.primary_key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
    return _insert(table, f"ON CONFLICT ({keys}) DO UPDATE SET {changes}")


def _insert(table: Table, on_conflict: str) -> TextClause:
    columns = [column for column in table.c if column.computed is None]
    names = ", ".join(_quoted(column) for column in columns)
    places = ", ".join(f":{column.name}" for column in columns)
    typed = [bindparam(column.name, type_=column.type) for column in columns]
    return text(f"INSERT INTO {table.name} ({names}) VALUES ({places}) {on_conflict}").bindparams(*typed)  # noqa: S608


def _quoted(column: Column[Any]) -> str:
    return f'"{column.name}"'
