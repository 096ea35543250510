"""The PostgreSQL connections of one run of DBOS, closed together so that the run changes nothing afterwards."""

import os
import socket
import weakref
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

IDLE_IN_TRANSACTION_MS: Final = 60_000
"""DBOS's value for its own engines. It ends the session of a process that hangs in a transaction."""
CONNECT_SECONDS: Final = 10
KEEP_ALIVE: Final = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""With these settings, the driver notices within half a minute if the server's machine is gone.

On Linux, keepalives alone aren't enough, because none is sent while the server hasn't confirmed earlier data.
"""


class RunEnded(Exception):
    """Raised in DBOS's threads when they request a connection after the end of their run.

    DBOS retries anything that fails with a database error until it succeeds. After this error it doesn't.
    """

    def __init__(self) -> None:
        super().__init__("this run of durable work has ended")


class FencedEngine:
    """An engine for DBOS that can be closed permanently, even while other threads use its connections."""

    def __init__(self, url: URL, pool_size: int) -> None:
        """Create the engine. Doesn't connect yet."""
        self._is_closed = False
        self._sockets: weakref.WeakKeyDictionary[Any, socket.socket] = weakref.WeakKeyDictionary()
        self.engine = engine_for_dbos(url, pool_size, "turso-ops durable work")
        event.listen(self.engine, "do_connect", self._refuse)
        event.listen(self.engine, "connect", self._connected)
        event.listen(self.engine, "checkout", self._refuse)

    def close(self) -> None:
        """End every connection now, and refuse new ones. A statement that is running fails."""
        self._is_closed = True
        for one in list(self._sockets.values()):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def dispose(self) -> None:
        """Free the remaining connections, once DBOS has stopped."""
        self._sockets.clear()
        self.engine.dispose()

    def _refuse(self, *_: object) -> None:
        if self._is_closed:
            raise RunEnded

    def _connected(self, connection: DBAPIConnection, _: object) -> None:
        # Duplicate the descriptor. The driver may close its own during `close`, and its number may then be reused.
        driver: Any = connection
        self._sockets[driver] = socket.socket(fileno=os.dup(driver.fileno()))
        if self._is_closed:
            driver.close()
            raise RunEnded
        with driver.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
        driver.commit()


def engine_for_dbos(url: URL, pool_size: int, name: str) -> Engine:
    """Return an engine for DBOS or its client, with at most `pool_size` connections.

    Args:
        name: the application name that PostgreSQL shows.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": name, **KEEP_ALIVE},
    )
