"""The audit chain inside a transaction: entries are appended after the head, one transaction at a time."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from bot.core.audit import GENESIS, canonical, entry_hash
from bot.core.request import AuditEntry
from bot.store.columns import keepable
from bot.store.database import lock_until_commit
from bot.store.tables import audit_log, touched

CHAIN_LOCK = 0x7457_0A0D
EMPTY = (0, GENESIS)


def head(connection: Connection) -> tuple[int, str]:
    """The last seq and hash."""
    row = connection.execute(
        select(audit_log.c.seq, audit_log.c.hash).order_by(audit_log.c.seq.desc()).limit(1)
    ).first()
    return (row.seq, row.hash) if row else EMPTY


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Chain entries to the head. Do it last in a transaction: who appends keeps others waiting until the commit."""
    if not entries:
        return
    lock_until_commit(connection, CHAIN_LOCK)
    seq, previous = head(connection)
    rows, names = [], []
    for number, entry in enumerate(entries, start=seq + 1):
        text = keepable(canonical(entry))
        hash_ = entry_hash(previous, text)
        rows.append({"seq": number, "previous_hash": previous, "hash": hash_, "entry": text})
        names += [{"database": name, "seq": number} for name in _names(entry)]
        previous = hash_
    connection.execute(audit_log.insert(), rows)
    if names:
        connection.execute(touched.insert(), names)


def _names(entry: AuditEntry) -> Iterable[str]:
    return dict.fromkeys(keepable(name) for name in entry.databases)
