"""Records to rows and back: columns are named as the fields are, and the column types convert."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.store.database import is_sqlite

R = TypeVar("R")


def values(record: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields of a record as column values."""
    return {field.name: getattr(record, field.name) for field in fields(record) if field.name not in without}


def record(kind: type[R], row: Row[Any], **more: Any) -> R:
    """Build a record of a row; columns that are no fields are left out."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row._mapping.items() if name in names}, **more)


def one(connection: Connection, kind: type[R], query: Executable) -> R | None:
    """The first record that a query finds."""
    row = connection.execute(query).first()
    return None if row is None else record(kind, row)


def many(connection: Connection, kind: type[R], query: Executable) -> list[R]:
    """Every record that a query finds."""
    return [record(kind, row) for row in connection.execute(query)]


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key (any unique key) is there. True: inserted."""
    key = table.primary_key.columns[0]
    # What an insert returns is sure; how many rows it says it wrote differs between drivers.
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_newest(connection: Connection, table: Table, rows: list[Mapping[str, Any]]) -> None:
    """Insert rows; each replaces the one with the same primary key."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), list(rows))


def insert_unseen(connection: Connection, table: Table, rows: list[Mapping[str, Any]], key: str) -> set[str]:
    """Insert those rows whose `key` is new, and return the keys that were inserted."""
    statement = _insert(connection, table).on_conflict_do_nothing().returning(table.c[key])
    return set(connection.execute(statement, list(rows)).scalars())


def _insert(connection: Connection, table: Table) -> Insert:
    # The two dialects' statements have the same methods; the types do not say so.
    return sqlite_insert(table) if is_sqlite(connection) else postgresql_insert(table)  # type: ignore[return-value]
