"""The port of intents: commands, clicks and forms that must not be lost."""

from datetime import datetime
from typing import Protocol

from bot.core.requests.incoming import Incoming


class Intents(Protocol):
    """Stores intents."""

    async def record(self, incoming: Incoming, *, actionable: bool = True) -> bool:
        """Commit an intent before Slack is acknowledged. False: it was stored before (a redelivery)."""

    async def get(self, intent_id: str) -> Incoming | None:
        """Return a stored intent."""

    async def close(self, intent_id: str) -> None:
        """Mark an intent as done: it led to a request or an answer."""

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return the intents before a time that a crash left open."""
