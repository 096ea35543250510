"""Timers: what is due, and when."""

from datetime import datetime
from typing import Protocol

from bot.core.records.timers import Backlog, Timer


class Timers(Protocol):
    """What is due."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Return timers whose time has come and that are not held back, the longest overdue first."""

    async def backlog(self, before: datetime) -> Backlog:
        """Count the timers that were due before a moment and have not fired, and those that fail."""

    async def schedule(self, timer: Timer) -> None:
        """Set a timer. There is one for each kind and subject: a second one moves the first."""

    async def replace(self, fired: Timer, following: Timer | None) -> None:
        """Replace a timer that has fired by the following one, or drop it; not if it was moved meanwhile."""
