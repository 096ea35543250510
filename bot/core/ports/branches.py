"""Protocols for reading the records of branches and changing when a branch ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch


class ReadBranches(Protocol):
    """Reads branches."""

    async def get(self, branch_id: str) -> Branch | None:
        """Return one branch, in any state."""

    async def find(self, *, organization: str, database_ids: Sequence[str] | None = None) -> list[Branch]:
        """Return an organization's branches that were created with Turso Ops, in any state, newest first."""


class Branches(ReadBranches, Protocol):
    """Reads branches and changes when they end. New branches are stored with a request's transition."""

    async def move_end(self, branch: Branch, ends_at: datetime | None, entry: AuditEntry) -> Branch | None:
        """Change the time at which a branch ends, and make the branch active again. None removes the time.

        Returns None if the time or the branch's state was changed in the meantime.
        """

    async def begin_end(self, branch: Branch, entry: AuditEntry) -> Branch | None:
        """Mark a branch as ending. Returns None if its end or its state was changed in the meantime."""

    async def close(self, branch_id: str, entry: AuditEntry | None = None) -> bool:
        """Mark an ending branch as ended, so that nothing more happens automatically.

        Returns False if it isn't ending.
        """
