"""Migrate the store's tables with Alembic and DBOS's tables with DBOS, in one process at a time."""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import BotError
from bot.store.connections.database import StoreUnavailable, is_failure
from bot.store.connections.failures import describe_failure
from bot.store.connections.urls import Place, place_of
from bot.store.schema import _dbos_schema

REVISIONS = tuple(f"{number:04}" for number in range(1, 19))
NEWEST = REVISIONS[-1]
"""The newest migration.

A store that has it is upgraded only if DBOS's tables are older. Alembic is imported only for an upgrade.
"""
UPGRADE_LOCK = 0x7457_0A0E
POLL_SECONDS = 0.1
PRIVATE = 0o700
PRIVATE_FILE = 0o600
SQLITE_HEADER = b"SQLite format 3\0"
"""How each SQLite file begins, unless it is empty: https://www.sqlite.org/fileformat.html"""


class CannotUpgrade(BotError):
    """Raised if the store can't be upgraded to this version. The message says why."""


class NotUpgraded(BotError):
    """Raised if the store doesn't exist, is empty or is from an older version. The message says what to do."""


async def upgrade(database: str | Place) -> bool:
    """Upgrade a store to this version. Creates the SQLite file and its folder if they are missing.

    If several processes do this at the same time, one upgrades and the others wait.

    Args:
        database: a `DATABASE_URL`, or a place.
    Returns:
        True if something was changed.
    Raises:
        BadDatabaseUrl: the URL can't be used for a store.
        CannotUpgrade: the file can't be created or written or isn't SQLite's, or the store is from a newer version.
        SqliteTooOld: this Python's SQLite is too old. Nothing was created.
        StoreUnavailable: the database doesn't respond or can't be used. `detail` says why.
    """
    place = database if isinstance(database, Place) else place_of(database)
    try:
        return await asyncio.to_thread(_upgrade, place)
    except OSError as error:
        raise CannotUpgrade(f"The store `{place.file}` can't be created or written: {error.strerror}.") from error


async def require_current(database: str | Place) -> None:
    """Raise an error unless the store has every migration of this version. Changes nothing.

    Raises:
        BadDatabaseUrl: the URL can't be used for a store.
        NotUpgraded: the store doesn't exist, is empty or is from an older version.
        CannotUpgrade: the store is from a newer version.
        SqliteTooOld: this Python's SQLite is too old.
        StoreUnavailable: the database doesn't respond or can't be used. `detail` says why.
    """
    place = database if isinstance(database, Place) else place_of(database)
    if place.file and not place.file.exists():
        raise NotUpgraded(f"There is no store `{place.file}`: check `DATABASE_URL`, or run `turso-ops db upgrade`.")
    if not await asyncio.to_thread(_is_current, place):
        raise NotUpgraded("The store is empty or from an older version: run `turso-ops db upgrade` first.")


def _upgrade(place: Place) -> bool:
    with _connecting(place) as engine:
        if place.file:
            _make_folder(place.file.parent)
            _require_sqlite(place.file, os.open(place.file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
        with _alone(place, engine):
            if is_behind := not _current(place, engine):
                _migrate(place, engine)
            return is_behind


def _is_current(place: Place) -> bool:
    with _connecting(place) as engine:
        return _current(place, engine)


@contextmanager
def _connecting(place: Place) -> Iterator[Engine]:
    """Yield an engine. Raises StoreUnavailable, with the reason, if the database fails."""
    engine = create_engine(place.url, poolclass=NullPool, hide_parameters=True)
    try:
        yield engine
    except DBAPIError as error:
        if is_failure(error):
            raise StoreUnavailable(describe_failure(error, place.setting)) from error
        raise
    finally:
        engine.dispose()


def _require_sqlite(path: Path, descriptor: int) -> None:
    """Close an open file. Raises CannotUpgrade if it is neither empty nor a SQLite database, before a lock is made."""
    with os.fdopen(descriptor, "rb") as file:
        start = file.read(len(SQLITE_HEADER)) if path.is_file() else b""
    if start and start != SQLITE_HEADER:
        raise CannotUpgrade(f"`{path}` isn't a SQLite database. Check `DATABASE_URL`.")


def _make_folder(folder: Path) -> None:
    """Create the folder with access for this user only, unless it exists."""
    if not folder.exists():
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)


@contextmanager
def _alone(place: Place, engine: Engine) -> Iterator[None]:
    if place.file:
        lock = os.open(place.beside("upgrade.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with os.fdopen(lock, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Poll, because a statement that waits for the lock would block `CREATE INDEX CONCURRENTLY` forever.
        while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": UPGRADE_LOCK}).scalar():
            time.sleep(POLL_SECONDS)
        yield


def _current(place: Place, engine: Engine) -> bool:
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision not in (None, *REVISIONS):
        raise CannotUpgrade("A newer version of Turso Ops created this store. Start that version.")
    return revision == NEWEST and _dbos_schema.is_current(engine)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(place: Place, engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from dbos import DBOS

    with engine.connect() as connection:
        if place.file:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    DBOS.migrate(place.for_dbos)
