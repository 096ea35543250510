"""Holds: the reasons why databases are blocked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold


class ReadHolds(Protocol):
    """Holds, to read."""

    async def find(
        self,
        *,
        organization: str | None = None,
        database: str | None = None,
        database_id: str | None = None,
        newest: int | None = None,
        released_since: datetime | None = None,
    ) -> list[Hold]:
        """Return those that are not released, oldest first; `newest`: so many, newest first.

        Args:
            released_since: return those instead that were released since then.
        """

    async def get(self, hold_id: str) -> Hold | None:
        """Return one hold, released or not."""


class Holds(ReadHolds, Protocol):
    """Holds, to read and to release. A hold is placed by the transition of its request."""

    async def release(
        self, hold_id: str, at: datetime, *, entries: Sequence[AuditEntry] = (), keeps_timer: bool = False
    ) -> bool:
        """Release a hold and drop its timer. False: it was released before.

        `keeps_timer`: for the timer that fires, which stays until people are notified of its operation.
        """
