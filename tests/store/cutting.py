"""Makes PostgreSQL end connections of a store just before or just after a commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import psycopg
import pytest

from bot.store.connections.postgresql_database import PostgresqlDatabase
from bot.store.store import SqlStore

When = Literal["before the commit", "after the commit"]


@contextmanager
def cut(store: SqlStore, numbers: set[int], when: When) -> Iterator[list[int]]:
    """Make PostgreSQL end a store's connection at each commit whose number is in `numbers`. The next commit is 1.

    Yields a list whose only item is the number of commits so far.
    """
    database = store.database
    assert isinstance(database, PostgresqlDatabase)
    dialect = database._engine.dialect
    real, seen = dialect.do_commit, [0]
    url = database._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def do_commit(connection: Any) -> None:
        seen[0] += 1
        if seen[0] not in numbers:
            return real(connection)
        if when == "after the commit":
            real(connection)
        pid = connection.dbapi_connection.driver_connection.info.backend_pid
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        if when == "after the commit":
            connection.cursor().execute("SELECT 1")  # raises an error, as a commit does if its confirmation is lost
        return real(connection)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dialect, "do_commit", do_commit)
        yield seen
