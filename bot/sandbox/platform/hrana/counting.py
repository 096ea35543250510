"""Counts the rows that `count(*)` reads, because SQLite's own counters leave out what its `Count` opcode counts."""

from collections.abc import Sequence
from typing import Any

import apsw

from bot.sandbox.platform.hrana.values import SqlValue


def counted_rows(connection: apsw.Connection, sql: str, bindings: Sequence[SqlValue]) -> int:
    """Return the number of rows in all tables that this statement's `Count` opcodes count."""
    roots: dict[int, tuple[int, int]] = {}
    rows = 0
    operations: list[tuple[Any, ...]] = connection.cursor().execute(sql, bindings, explain=1).fetchall()
    for operation in operations:
        opcode, first, second, third = operation[1:5]
        if opcode in ("OpenRead", "ReopenIdx"):
            roots[int(first)] = (int(third), int(second))
        elif opcode == "Count" and int(first) in roots:
            rows += _rows_under(connection, *roots[int(first)])
    return rows


def _rows_under(connection: apsw.Connection, database: int, root: int) -> int:
    schema = "sqlite_temp_schema" if database == 1 else "sqlite_schema"
    row = connection.execute(f"SELECT tbl_name FROM {schema} WHERE rootpage = ?", (root,)).fetchone()  # noqa: S608
    table = '"' + str(row[0]).replace('"', '""') + '"' if row else schema
    counted = connection.execute(f"SELECT count(*) FROM {'temp.' if database == 1 else ''}{table}").fetchone()  # noqa: S608
    return int(counted[0]) if counted else 0
