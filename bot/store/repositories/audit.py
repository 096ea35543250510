"""The audit log. Reading a page is fast even in a long log.

Entries are appended with the change that they are about, or else by group commit.
"""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, select, union_all

from bot.core.audit import from_canonical
from bot.core.records.audit_entry import AuditEntry
from bot.store.connections.database import Database
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.group_commit import GroupCommit
from bot.store.repositories.name_lists import any_of, listed
from bot.store.repositories.repository import Repository
from bot.store.schema.column_types import storable
from bot.store.schema.tables import audit_log, touched

CLOCK_SKEW = timedelta(hours=1)
"""How much the times of entries may be out of order, because `seq` is in the order of their commits."""
CHUNK = 1000


class Audit(Repository):
    """The audit log: who did what, where, and with whose approval."""

    def __init__(self, database: Database, group: GroupCommit) -> None:
        super().__init__(database)
        self._group = group

    async def append(self, *entries: AuditEntry) -> None:
        """Append entries to the chain by group commit.

        Raises:
            Unavailable: the store failed. The entries may be stored.
        """
        if entries:
            await self._group.entries(entries)

    async def append_and_owe(self, entry: AuditEntry, event: str, subject_of: Callable[[int], str]) -> str:
        """Append an entry with a pending announcement of it, in one transaction. Returns the announcement's subject.

        Args:
            subject_of: returns the announcement's subject for the entry's number.
        """

        def work(connection: Connection) -> str:
            audit_chain.append(connection, [entry])
            seq, _ = audit_chain.head(connection)
            transitions.owe(connection, subject := subject_of(seq), event, entry.at)
            return subject

        return await self._database.write(work)

    async def page(
        self,
        *,
        before_seq: int | None,
        limit: int,
        databases: Sequence[str] | None = None,
        channel_id: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
    ) -> list[tuple[int, AuditEntry]]:
        """Return entries with their numbers, newest first. `databases` are exact names, or None for all."""

        def work(connection: Connection) -> list[tuple[int, AuditEntry]]:
            query = select(audit_log.c.seq, audit_log.c.entry)
            if user_id is not None:
                query = query.where(audit_log.c.user_id == user_id)
            if channel_id is not None:
                query = query.where(audit_log.c.channel_id == channel_id)
            if since is not None:
                older = _last_before(connection, since)
                query = query.where(audit_log.c.seq > older, audit_log.c.at >= _as_written(since))
            if before_seq is not None:
                query = query.where(audit_log.c.seq < before_seq)
            if databases is not None and user_id is None and channel_id is None:
                query = query.where(audit_log.c.seq.in_(_newest_of(connection, databases, before_seq, limit)))
            elif databases is not None:
                of_these = any_of(connection, touched.c.database, databases)
                query = query.where(select(1).where(touched.c.seq == audit_log.c.seq, of_these).exists())
            rows = connection.execute(query.order_by(audit_log.c.seq.desc()).limit(limit))
            return [(row.seq, from_canonical(row.entry)) for row in rows]

        return await self._database.read(work)

    async def chain(self, after: int | None = None) -> AsyncGenerator[tuple[int, str, str, str]]:
        """Yield (seq, previous hash, hash, canonical entry) in order, in constant memory.

        Args:
            after: the number of the entry after which to start.
        """
        query = select(audit_log.c.seq, audit_log.c.previous_hash, audit_log.c.hash, audit_log.c.entry)
        query = query.order_by(audit_log.c.seq).limit(CHUNK)
        while True:
            rest = query if after is None else query.where(audit_log.c.seq > after)
            rows = await self._database.read(partial(_all, query=rest))
            for row in rows:
                yield row.seq, row.previous_hash, row.hash, row.entry
            if len(rows) < CHUNK:
                return
            after = rows[-1].seq

    async def index_fault(self) -> str | None:
        """Return what is wrong with a row of an index that doesn't match its entry. None if every row matches.

        The hashes cover only the entries, but searches use the index columns and the table `touched`.
        """
        after = 0
        while True:
            rows, names = await self._database.read(partial(_derived, after=after))
            if fault := _index_fault(rows, names):
                return fault
            if len(rows) < CHUNK:
                return None
            after = rows[-1].seq

    async def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last entry, or (0, '') if the log is empty."""
        return await self._database.read(audit_chain.head)


def _all(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def _derived(connection: Connection, *, after: int) -> tuple[Sequence[Row[Any]], set[tuple[int, str]]]:
    """Read a chunk of entries with their index rows. The last chunk includes rows beyond the last entry."""
    query = select(audit_log).where(audit_log.c.seq > after).order_by(audit_log.c.seq).limit(CHUNK)
    rows = connection.execute(query).all()
    within = touched.c.seq > after if after else touched.c.seq.is_not(None)
    if len(rows) == CHUNK:
        within &= touched.c.seq <= rows[-1].seq
    found = connection.execute(select(touched.c.seq, touched.c.database).where(within))
    return rows, {(row.seq, row.database) for row in found}


def _index_fault(rows: Sequence[Row[Any]], found: set[tuple[int, str]]) -> str | None:
    wanted: set[tuple[int, str]] = set()
    for row in rows:
        entry = json.loads(row.entry)
        for name in ("at", "user_id", "channel_id"):
            if getattr(row, name) != entry[name]:
                return f"entry {row.seq}: the column `{name}` of the table `audit_log` differs from the entry"
        wanted |= {(row.seq, storable(name)) for name in entry.get("databases", ())}
    for seq, name in sorted(wanted - found):
        return f"entry {seq}: the table `touched` lacks its database `{name}`"
    for seq, name in sorted(found - wanted):
        return f"entry {seq}: the table `touched` gives it the database `{name}`, which it doesn't name"
    return None


def _as_written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _last_before(connection: Connection, since: datetime) -> int:
    """Return a number up to which every entry is older than `since`, so that a search can stop there. 0 if unknown.

    It is the number of an entry that is older by more than `CLOCK_SKEW`, so the entries before it are older, too.
    """
    early = audit_log.c.at < _as_written(since - CLOCK_SKEW)
    query = select(audit_log.c.seq).where(early).order_by(audit_log.c.at.desc(), audit_log.c.seq.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def _newest_of(connection: Connection, databases: Sequence[str], before_seq: int | None, limit: int) -> Select[Any]:
    """Select the newest entries of some databases with a few index lookups per name, without reading all entries.

    The newest `limit` entries all belong to the `limit` names with the most recent entries.
    """
    names = listed(connection, databases)
    older = touched.c.seq < before_seq if before_seq is not None else touched.c.seq > 0
    last = select(touched.c.seq).where(touched.c.database == names.c.name, older)
    last_seq = last.order_by(touched.c.seq.desc()).limit(1).scalar_subquery()
    query = select(names.c.name, last_seq.label("last"))
    ranked = query.subquery()
    newest = select(ranked.c.name).where(ranked.c.last.is_not(None)).order_by(ranked.c.last.desc()).limit(limit)
    found = connection.execute(newest).scalars().all()
    if not found:
        return select(audit_log.c.seq).where(audit_log.c.seq < 0)

    def of(name: str) -> Any:
        walk = select(touched.c.seq).where(touched.c.database == name, older)
        return select(walk.order_by(touched.c.seq.desc()).limit(limit).subquery())

    return select(union_all(*(of(name) for name in found)).subquery())
