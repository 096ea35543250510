"""A SQLite driver that adds a function that DBOS needs and that older versions lack, such as that of Debian 12."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bot.errors import BotError

DRIVER: Final = "sqlite+turso_ops"
"""The scheme of the store's SQLite URLs, also for DBOS. Connections with it have the function."""
OLDEST: Final = (3, 40)
"""The oldest supported version of SQLite. Older ones aren't tested."""
HAS_SUBSECONDS: Final = (3, 42)
"""The first SQLite with `unixepoch('subsec')`. DBOS uses it in tables and statements on Python 3.12 and newer."""


class SqliteTooOld(BotError):
    """Raised if this Python's SQLite is too old for the store."""

    def __init__(self) -> None:
        super().__init__(
            f"This Python has SQLite {sqlite3.sqlite_version}, and the store needs {OLDEST[0]}.{OLDEST[1]} or newer: "
            "use another Python, or set `DATABASE_URL` to PostgreSQL."
        )


def register_driver() -> None:
    """Register `DRIVER` with SQLAlchemy. May be called more than once."""
    registry.register(DRIVER.replace("+", "."), __name__, SqliteDialect.__name__)


class SqliteDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect, whose connections also have `unixepoch('subsec')`."""

    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None]:
        """Return the function that prepares a new connection.

        Called when an engine is created. Raises SqliteTooOld.
        """
        prepare = super().on_connect()
        if sqlite3.sqlite_version_info < OLDEST:
            raise SqliteTooOld

        def complete(connection: Any) -> None:
            if prepare is not None:
                prepare(connection)
            if sqlite3.sqlite_version_info < HAS_SUBSECONDS:
                connection.create_function("unixepoch", 1, _unixepoch)

        return complete


def _unixepoch(modifier: str) -> float:
    if modifier != "subsec":
        raise ValueError("only `unixepoch('subsec')` is added to an old SQLite")
    return round(time.time(), 3)
