"""The protocol for storing timers."""

from datetime import datetime
from typing import Protocol

from bot.core.records.timers import Backlog, Timer


class Timers(Protocol):
    """Stores timers until their work is done."""

    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]:
        """Return due timers that aren't running or waiting for a retry, in the order in which to start them."""

    async def backlog(self, before: datetime) -> Backlog:
        """Return how many timers were due before a time and haven't been run, and how many are failing."""

    async def schedule(self, timer: Timer) -> None:
        """Set a timer. It replaces the timer of the same kind and subject."""

    async def replace(self, fired: Timer, following: Timer | None) -> None:
        """Replace a fired timer with the next one, or delete it. Does nothing if it was changed in the meantime."""
