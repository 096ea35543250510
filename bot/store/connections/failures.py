"""Classify database errors, and describe them to operators in sentences without URLs or passwords."""

import sqlite3
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from bot.store.connections.urls import SETTING


class Failure(StrEnum):
    """The kinds of failures. `SENTENCES` has a sentence for each."""

    CREDENTIALS = "credentials"
    DATABASE = "no such database"
    HOST = "host not found"
    REFUSED = "connection refused"
    NO_ANSWER = "no answer"
    TLS = "TLS"
    NOT_ALLOWED = "not allowed"
    OPTION = "unknown option"
    SCHEMA = "no schema"
    TOO_MANY = "too many connections"
    POOL = "all connections in use"
    STARTING = "starting or stopping"
    DISK_FULL = "disk full"
    READ_ONLY = "read-only"
    LOCKED = "locked"
    FILE = "file"
    LOST = "connection lost"
    OTHER = "other"


SENTENCES: Final[Mapping[Failure, str]] = {
    Failure.CREDENTIALS: "PostgreSQL doesn't accept the user or the password in {setting}.",
    Failure.DATABASE: "PostgreSQL has no database with the name in {setting}.",
    Failure.HOST: "The host in {setting} can't be found.",
    Failure.REFUSED: "No PostgreSQL server listens at the host and port in {setting}.",
    Failure.NO_ANSWER: "PostgreSQL at the host in {setting} isn't responding.",
    Failure.TLS: "PostgreSQL can't be reached over TLS as {setting} and the server require.",
    Failure.NOT_ALLOWED: "PostgreSQL doesn't allow this user, address or operation.",
    Failure.OPTION: "{setting} has an option or a value that PostgreSQL doesn't know.",
    Failure.SCHEMA: "PostgreSQL has no schema for the store's tables: the search path names no schema that exists.",
    Failure.TOO_MANY: "PostgreSQL has no connection left for this user, database or server.",
    Failure.POOL: "All connections of this process are in use.",
    Failure.STARTING: "PostgreSQL is starting or stopping.",
    Failure.DISK_FULL: "The disk of the store is full.",
    Failure.READ_ONLY: "The store is read-only.",
    Failure.LOCKED: "Another program has locked the SQLite file.",
    Failure.FILE: "The SQLite file can't be opened, read or written.",
    Failure.LOST: "The connection to PostgreSQL broke.",
    Failure.OTHER: "The store doesn't work.",
}
SURROUNDINGS: Final = frozenset(
    {Failure.READ_ONLY, Failure.NOT_ALLOWED, Failure.DISK_FULL, Failure.OPTION, Failure.SCHEMA, Failure.FILE}
)
"""The kinds of failures for which drivers may also raise other errors than `OperationalError`."""
STATES: Final[Mapping[str, Failure]] = {
    "28P01": Failure.CREDENTIALS,
    "28000": Failure.NOT_ALLOWED,
    "3D000": Failure.DATABASE,
    "42501": Failure.NOT_ALLOWED,
    "3F000": Failure.SCHEMA,
    "53300": Failure.TOO_MANY,
    "53100": Failure.DISK_FULL,
    "25006": Failure.READ_ONLY,
    "57P01": Failure.STARTING,
    "57P02": Failure.STARTING,
    "57P03": Failure.STARTING,
}
"""By SQLSTATE. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
SQLITE_NAMES: Final[Mapping[str, Failure]] = {
    "SQLITE_FULL": Failure.DISK_FULL,
    "SQLITE_READONLY": Failure.READ_ONLY,
    "SQLITE_BUSY": Failure.LOCKED,
    "SQLITE_LOCKED": Failure.LOCKED,
    "SQLITE_CANTOPEN": Failure.FILE,
    "SQLITE_IOERR": Failure.FILE,
    "SQLITE_PERM": Failure.FILE,
    "SQLITE_CORRUPT": Failure.FILE,
    "SQLITE_NOTADB": Failure.FILE,
}
WORDS: Final = (
    ("password authentication failed", Failure.CREDENTIALS),
    ("no password supplied", Failure.CREDENTIALS),
    ("role", Failure.CREDENTIALS, "does not exist"),
    ("database", Failure.DATABASE, "does not exist"),
    ("no such database", Failure.DATABASE),
    ("failed to resolve host", Failure.HOST),
    ("could not translate host name", Failure.HOST),
    ("too many connections", Failure.TOO_MANY),
    ("too many clients", Failure.TOO_MANY),
    ("remaining connection slots", Failure.TOO_MANY),
    ("no more connections allowed", Failure.TOO_MANY),
    ("starting up", Failure.STARTING),
    ("shutting down", Failure.STARTING),
    ("in recovery mode", Failure.STARTING),
    ("not accepting connections", Failure.STARTING),
    ("no encryption", Failure.TLS),
    ("SSL off", Failure.TLS),
    ("no pg_hba.conf entry", Failure.NOT_ALLOWED),
    ("invalid", Failure.OPTION, "value"),
    ("bad value for", Failure.OPTION),
    ("definition of service", Failure.OPTION),
    ("invalid connection option", Failure.OPTION),
    ("invalid URI query parameter", Failure.OPTION),
    ("SSL", Failure.TLS),
    ("certificate", Failure.TLS),
    ("read-only", Failure.READ_ONLY),
    ("No space left on device", Failure.DISK_FULL),
    ("Connection refused", Failure.REFUSED),
    ("No such file or directory", Failure.REFUSED),
    ("No route to host", Failure.NO_ANSWER),
    ("Network is unreachable", Failure.NO_ANSWER),
    ("timeout", Failure.NO_ANSWER),
    ("timed out", Failure.NO_ANSWER),
    ("closed the connection", Failure.LOST),
    ("connection is lost", Failure.LOST),
    ("connection is closed", Failure.LOST),
    ("terminating connection", Failure.STARTING),
)
"""Parts of error messages from libpq and the server, because connection errors have no code. The first match counts."""


def failure_of(error: BaseException) -> Failure:
    """Return the kind of an error of SQLAlchemy or a driver."""
    for one in _causes(error):
        if (state := getattr(one, "sqlstate", None)) in STATES:
            return STATES[str(state)]
        if isinstance(one, sqlite3.Error):
            name = str(getattr(one, "sqlite_errorname", ""))
            return next((kind for start, kind in SQLITE_NAMES.items() if name.startswith(start)), Failure.OTHER)
        if type(one).__module__.startswith("psycopg") and (found := _by_words(str(one))):
            return found
        if type(one).__module__ == "sqlalchemy.exc" and type(one).__name__ == "TimeoutError":
            return Failure.POOL
        if isinstance(one, TimeoutError):
            return Failure.NO_ANSWER
    return Failure.OTHER


def describe_failure(error: BaseException, setting: str = SETTING) -> str:
    """Return a sentence for operators about an error. It contains no value of the setting."""
    return SENTENCES[failure_of(error)].format(setting=setting)


def is_faulty_statement(error: BaseException | None) -> bool:
    """Return True for an error of SQLite about a statement. Python's driver raises `OperationalError` for it, too."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR"


def _by_words(text: str) -> Failure | None:
    for first, kind, *rest in WORDS:
        if first in text and all(one in text for one in rest):
            return kind
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes. A driver's error comes before the SQLAlchemy error that wraps it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(original := getattr(seen, "orig", None), BaseException):
            yield original
        yield seen
        seen = seen.__cause__ or seen.__context__
