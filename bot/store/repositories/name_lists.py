"""Pass lists of names as a single SQL parameter, because a channel may have ten thousand databases."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, FromClause, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from bot.store.connections.database import is_sqlite
from bot.store.schema.column_types import storable


def listed(connection: Connection, names: Sequence[str]) -> FromClause:
    """Return the names as a table with one column, `name`."""
    kept = [storable(name) for name in dict.fromkeys(names)]
    if is_sqlite(connection):
        rows = func.json_each(bindparam("names", json.dumps(kept), Text, unique=True)).table_valued("value")
        return select(rows.c.value.label("name")).subquery()
    array: BindParameter[Any] = bindparam("names", kept, ARRAY(Text), unique=True)
    return func.unnest(array).table_valued(column("name", Text))


def any_of(connection: Connection, wanted: ColumnElement[str], names: Sequence[str]) -> ColumnElement[bool]:
    """Return a condition that a column is one of the names."""
    return wanted.in_(select(listed(connection, names).c.name))
