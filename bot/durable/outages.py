"""Errors of DBOS's database that aren't bugs. They are logged as a sentence for operators, without a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.durable.fenced_engine import RunEnded
from bot.errors import Unavailable

Describe = Callable[[BaseException], str]


class DurableStoreUnavailable(Unavailable):
    """Raised if the database for durable work fails or doesn't respond."""

    def __init__(self, detail: str) -> None:
        super().__init__("The bot's own database didn't respond. Try again in a moment.", detail=detail)


def type_name(error: BaseException) -> str:
    """Return the name of an error's type. Unlike its text, it contains no value of a setting."""
    return type(error).__name__


def is_outage(error: BaseException) -> bool:
    """Return True if the database or the connection failed, or the run has ended. Other errors are bugs."""
    # Python's driver raises `OperationalError` also for a faulty statement.
    if getattr(getattr(error, "orig", None), "sqlite_errorname", "") == "SQLITE_ERROR":
        return False
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | PoolTimeout | psycopg.OperationalError | OSError | RunEnded)


@contextmanager
def explained(describe: Describe) -> Iterator[None]:
    """Raise DurableStoreUnavailable instead of an outage's error. `describe` turns that error into a sentence."""
    try:
        yield
    except Exception as error:
        if not is_outage(error):
            raise
        raise DurableStoreUnavailable(describe(error)) from error
