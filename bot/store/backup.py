"""Backups of a SQLite store, made while the bot runs and verified, and a check of restored ones."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bot.core.audit import Row, Verified, verify
from bot.errors import BotError
from bot.store.connections.urls import place_of

PRIVATE_FILE = 0o600
WITHOUT_LOG = b"\x01\x01"
"""The versions in the header of a file without a write-ahead log: https://www.sqlite.org/fileformat.html"""
PAGES_AT_ONCE = 1000
"""The number of pages that are copied in one step. Between steps, processes can write to the store."""


class NoBackup(BotError):
    """Raised if no backup was made. The message says why. The new file isn't left behind."""


class LogOfAnotherStore(BotError):
    """Raised for a restored store with the write-ahead log of the file that it replaced."""


def require_own_log(database_url: str) -> None:
    """Check a restored SQLite file before it is opened, because SQLite writes the changes in a log into its file.

    A backup has no log, and its header says so until the bot first opens it.

    Raises:
        BadDatabaseUrl: the URL can't be used for a store.
        LogOfAnotherStore: the header says that the file has no log, but a log that isn't empty lies beside it.
    """
    file = place_of(database_url).file
    log = Path(f"{file}-wal")
    if file is None or not file.exists() or not log.exists() or not log.stat().st_size:
        return
    with file.open("rb") as opened:
        header = opened.read(20)
    if header[18:] == WITHOUT_LOG:
        raise LogOfAnotherStore(
            f"`{log}` belongs to the store that the backup replaced, and would change the backup. Delete it and "
            f"`{file}-shm`, and run this again."
        )


async def back_up(database_url: str, to: Path) -> Verified:
    """Copy a SQLite store to a new file that only this user can read, and verify the copy.

    Returns:
        What the copy's audit log contains.
    Raises:
        BadDatabaseUrl: the URL can't be used for a store.
        NoBackup: the store is PostgreSQL, doesn't exist or can't be read, `to` exists, another backup to `to` is
            running or has left its file, or the copy can't be written or isn't valid.
    """
    place = place_of(database_url)
    if place.file is None:
        raise NoBackup("The store is PostgreSQL: use `pg_dump --format=custom`, or your provider's backups.")
    if not place.file.exists():
        raise NoBackup(f"There is no store `{place.file}`: check `DATABASE_URL`.")
    return await asyncio.to_thread(_copy, place.file, to)


def _copy(file: Path, to: Path) -> Verified:
    if not to.name:
        raise NoBackup(f"`{to}` is a folder: name a new file in it.")
    part = to.with_name(f"{to.name}.part")
    try:
        if to.exists():
            raise FileExistsError
        _make_new(part, busy=f"`{part}` already exists. If no other backup is running, delete it.")
        try:
            verified = _copied(file, part)
            _make_new(to)  # fails if the file was created in the meantime
            try:
                part.replace(to)
            except OSError:
                to.unlink(missing_ok=True)
                raise
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise NoBackup(f"`{to}` already exists. Name a new file.") from None
    except OSError as error:
        raise NoBackup(f"`{to}` can't be written ({error.strerror}).") from None
    return verified


def _make_new(path: Path, busy: str = "") -> None:
    """Create an empty file that only this user can read. If it exists, raises NoBackup(busy) or FileExistsError."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except FileExistsError:
        if busy:
            raise NoBackup(busy) from None
        raise


def _copied(file: Path, part: Path) -> Verified:
    """Copy the store into a file, and verify the copy."""
    try:
        with closing(_readable(file)) as store, closing(sqlite3.connect(part)) as copy:
            store.backup(copy, pages=PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a write-ahead log
            return _verified(copy)
    except sqlite3.Error as error:
        raise NoBackup(f"The backup failed ({error}).") from None


def _readable(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)


def _verified(copy: sqlite3.Connection) -> Verified:
    if faults := [text for (text,) in copy.execute("PRAGMA integrity_check(1)") if text != "ok"]:
        raise NoBackup(f"The copy is damaged, and so is the store: {faults[0]}.")
    verified = verify(_rows(copy))
    if verified.fault:
        raise NoBackup(
            f"No backup was made, because the audit log failed verification (altered or damaged): {verified.fault}"
        )
    return verified


def _rows(copy: sqlite3.Connection) -> Iterator[Row]:
    yield from copy.execute("SELECT seq, previous_hash, hash, entry FROM audit_log ORDER BY seq")
