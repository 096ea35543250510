"""The audit log."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry


class ReadAudit(Protocol):
    """The audit log, to read."""

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
        """Return entries with their numbers, newest first. `databases`: exact names; None: any."""

    def chain(self) -> AsyncIterator[tuple[int, str, str, str]]:
        """Yield (seq, previous hash, hash, canonical entry) from the first to the last, in constant memory."""

    async def index_fault(self) -> str | None:
        """Return where what is derived from the entries differs from them; None: nowhere."""

    async def head(self) -> tuple[int, str]:
        """Return the last seq and hash; (0, '') when the log is empty."""


class Audit(ReadAudit, Protocol):
    """The audit log, to read and to append to."""

    async def append(self, *entries: AuditEntry) -> None:
        """Append to the chain, by group commit."""
