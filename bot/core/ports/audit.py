"""Protocols for reading the audit log and appending to it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry


class ReadAudit(Protocol):
    """Reads the audit log."""

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
        """Return entries with their numbers, newest first. `databases` are exact names, and None means any."""

    def chain(self) -> AsyncIterator[tuple[int, str, str, str]]:
        """Yield (seq, previous hash, hash, canonical entry) of every entry in order, in constant memory."""

    async def index_fault(self) -> str | None:
        """Return what differs between the entries and their index in one row. None if nothing does."""

    async def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last entry, or (0, '') for an empty log."""


class Audit(ReadAudit, Protocol):
    """Reads and appends to the audit log."""

    async def append(self, *entries: AuditEntry) -> None:
        """Append entries to the chain. Concurrent calls share a commit.

        Raises:
            Unavailable: the store failed. The entries may be stored.
        """
