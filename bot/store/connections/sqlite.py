"""SQLite as old as Debian 12's, completed with what DBOS needs of a newer one."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from bot.errors import BotError

DRIVER: Final = "sqlite+turso_ops"
"""What the URLs of our SQLite engines begin with, and the URL for DBOS, so that every connection is completed."""
OLDEST: Final = (3, 40)
"""The oldest SQLite that the tests run with."""
HAS_SUBSECONDS: Final = (3, 42)
"""The first SQLite that knows `unixepoch('subsec')`. DBOS calls it in column defaults on Python 3.12 and newer."""


class SqliteTooOld(BotError):
    """Raised if this Python's SQLite is older than what the store needs."""

    def __init__(self) -> None:
        super().__init__(
            f"This Python has SQLite {sqlite3.sqlite_version}, and the store needs {OLDEST[0]}.{OLDEST[1]} or newer: "
            "use another Python, or set `DATABASE_URL` to PostgreSQL."
        )


def register_driver() -> None:
    """Make SQLAlchemy know `DRIVER`. A second call changes nothing."""
    registry.register(DRIVER.replace("+", "."), __name__, SqliteDialect.__name__)


class SqliteDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's own dialect, whose new connections know `unixepoch('subsec')`."""

    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None]:
        """Return what prepares a new connection. Raises SqliteTooOld when an engine is made, before it connects."""
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
