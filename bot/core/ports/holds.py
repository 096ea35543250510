"""Protocols for stored holds, the reasons why databases are blocked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold


class ReadHolds(Protocol):
    """Reads holds."""

    async def find(
        self,
        *,
        organization: str | None = None,
        database: str | None = None,
        database_id: str | None = None,
        newest: int | None = None,
        released_since: datetime | None = None,
    ) -> list[Hold]:
        """Return active holds, oldest first. With `newest`, only that many, newest first.

        Args:
            released_since: return the holds released since then instead.
        """

    async def get(self, hold_id: str) -> Hold | None:
        """Return one hold, active or released."""


class Holds(ReadHolds, Protocol):
    """Reads and releases holds. New holds are stored with a request's transition."""

    async def release(
        self, hold_id: str, at: datetime, *, entries: Sequence[AuditEntry] = (), keeps_timer: bool = False
    ) -> bool:
        """Release a hold and delete its timer. Returns False if it was already released.

        If no other hold of the database is active, the blocks that were already set (FOUND) are released, too.

        Args:
            keeps_timer: don't delete the timer, because it is firing and still has to notify people.
        """
