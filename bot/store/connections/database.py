"""The interface of a database to the store, and what an error of a database means."""

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import Unavailable
from bot.store.connections.failures import SURROUNDINGS, describe_failure, failure_of, is_faulty_statement

T = TypeVar("T")
Work = Callable[[Connection], T]
BeforeCommit = Callable[[], None]

LOG_EVERY_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class StoreUnavailable(Unavailable):
    """Raised if the store doesn't respond. The transaction was rolled back, or its commit wasn't confirmed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("The bot's own database didn't respond. Try again in a moment.", detail=detail)


def nothing() -> None:
    """Do nothing before a commit."""


class Database(Protocol):
    """Connections to one database. `work` is a function of a connection that runs in one transaction."""

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which must not write, on a consistent snapshot of the database."""

    async def write(self, work: Work[T], before_commit: BeforeCommit = nothing) -> T:
        """Run `work` in one transaction, and return its result after the commit.

        Args:
            before_commit: called just before each attempt to commit, perhaps in another thread. If it raises an error,
                the transaction is rolled back.
        """

    @property
    def engines(self) -> Sequence[Engine]:
        """Return SQLAlchemy's engines, for observing their statements."""

    async def close(self) -> None:
        """Close every connection."""


class ErrorReport:
    """Explains errors of one database, and logs their causes.

    Not every error is logged, because an outage causes thousands.
    """

    def __init__(self, setting: str) -> None:
        self._setting = setting
        self._logged_at = -LOG_EVERY_SECONDS

    def explain(self, error: Exception) -> None:
        """Raise StoreUnavailable for an error of the database. Does nothing for other errors, which are bugs."""
        if not is_failure(error):
            return
        detail = describe_failure(error, self._setting)
        if time.monotonic() - self._logged_at >= LOG_EVERY_SECONDS:
            self._logged_at = time.monotonic()
            log.error("store.unavailable", why=detail)
        raise StoreUnavailable(detail) from error


def is_failure(error: BaseException) -> bool:
    """Return True for an error of the database or its environment, and False for a faulty statement."""
    if isinstance(error, PoolTimeout | TimeoutError):
        return True
    if not isinstance(error, DBAPIError) or is_faulty_statement(error.orig):
        return False
    return isinstance(error, OperationalError) or error.connection_invalidated or failure_of(error) in SURROUNDINGS


def is_sqlite(connection: Connection) -> bool:
    """Return True for SQLite."""
    return connection.dialect.name == "sqlite"


def lock_until_commit(connection: Connection, key: int) -> None:
    """Take a lock that other transactions can't take until this one has ended. SQLite has one writer and needs none."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
