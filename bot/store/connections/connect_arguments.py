"""Connection arguments for psycopg and libpq, so that a PostgreSQL server that hangs or is gone is noticed."""

from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

KEEP_ALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""Makes the driver notice if the server's machine is gone, even while it only waits for a response.

That takes half a minute, or as long as `tcp_user_timeout` on Linux, where it replaces the count.
Source: https://man7.org/linux/man-pages/man7/tcp.7.html (`TCP_USER_TIMEOUT`)
"""
CONNECT_SECONDS: Final = 10
"""The time limit for opening a connection, in seconds."""


def connect_arguments(timeout: int, *, pooled: bool) -> dict[str, Any]:
    """Return the arguments of a connection.

    Args:
        timeout: how many seconds to wait for the server to confirm what was sent to it.
        pooled: True if the connection may go through a transaction pooler.
    """
    arguments: dict[str, Any] = {"application_name": "turso-ops", **KEEP_ALIVE}
    arguments["connect_timeout"] = min(timeout, CONNECT_SECONDS)
    arguments["tcp_user_timeout"] = timeout * 1000
    # With a transaction pooler, each transaction may have another session, without earlier prepared statements.
    return arguments | {"prepare_threshold": None} if pooled else arguments


def limit_statements(engine: Engine, timeout: int) -> None:
    """Make the server cancel long statements, such as those that wait for another transaction's lock.

    The limit is set by a statement on each new connection, because poolers refuse it as a connection option.
    """

    @event.listens_for(engine, "connect")
    def limit(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = '{timeout}s'")
        cursor.close()
        connection.commit()
