"""The port of branches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch


class ReadBranches(Protocol):
    """Reads branches."""

    async def get(self, branch_id: str) -> Branch | None:
        """Return one branch, whatever its state."""

    async def find(self, *, organization: str, database_ids: Sequence[str] | None = None) -> list[Branch]:
        """Return the branches that were created with Turso Ops, newest first."""


class Branches(ReadBranches, Protocol):
    """Reads branches and changes their ends. A request's transition records them."""

    async def move_end(self, branch: Branch, ends_at: datetime | None, entry: AuditEntry) -> Branch | None:
        """Set another end, or none, with the timer. Returns None if the end was changed before, or has begun."""

    async def begin_end(self, branch: Branch, entry: AuditEntry) -> Branch | None:
        """Begin the end of a branch whose time is up. Returns None if the end was changed, or has already begun."""

    async def close(self, branch_id: str, entry: AuditEntry | None = None) -> bool:
        """Record that nothing more happens to a branch whose end has begun.

        Returns False if that was already recorded.
        """
