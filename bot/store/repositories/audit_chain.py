"""Append to the audit chain within a transaction. Only one transaction at a time can do this."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from bot.core.audit import GENESIS, canonical, entry_hash
from bot.core.records.audit_entry import AuditEntry
from bot.store.connections.database import is_sqlite, lock_until_commit
from bot.store.schema.column_types import storable

CHAIN_LOCK = 0x7457_0A0D
EMPTY = (0, GENESIS)

# Plain SQL, because every command runs these, and SQLAlchemy's statements would double the cost of an entry.
LAST = "SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1"
APPEND = "INSERT INTO audit_log (seq, previous_hash, hash, entry) VALUES (?, ?, ?, ?)"
TOUCH = "INSERT INTO touched (database, seq) VALUES (?, ?)"


def head(connection: Connection) -> tuple[int, str]:
    """Return the number and the hash of the last entry, or (0, '') if the log is empty."""
    row = connection.exec_driver_sql(LAST).first()
    return (row.seq, row.hash) if row else EMPTY


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Append entries after the head. Call this late in a transaction, because others wait for it until the commit."""
    if not entries:
        return
    lock_until_commit(connection, CHAIN_LOCK)
    seq, previous = head(connection)
    rows: list[tuple[int, str, str, str]] = []
    names: list[tuple[str, int]] = []
    for number, entry in enumerate(entries, start=seq + 1):
        text = storable(canonical(entry))
        hash_ = entry_hash(previous, text)
        rows.append((number, previous, hash_, text))
        names += [(name, number) for name in _names(entry)]
        previous = hash_
    _execute(connection, APPEND, rows)
    if names:
        _execute(connection, TOUCH, names)


def _names(entry: AuditEntry) -> Iterable[str]:
    return dict.fromkeys(storable(name) for name in entry.databases)


def _execute(connection: Connection, statement: str, rows: list[Any]) -> None:
    connection.exec_driver_sql(statement if is_sqlite(connection) else statement.replace("?", "%s"), rows)
