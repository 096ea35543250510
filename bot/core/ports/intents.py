"""Intents: what came in, and must not be lost."""

from datetime import datetime
from typing import Protocol

from bot.core.requests.incoming import Incoming


class Intents(Protocol):
    """Records of what came in."""

    async def record(self, incoming: Incoming, *, actionable: bool = True) -> bool:
        """Commit an intent before Slack gets its acknowledgement. False: it was recorded before (a redelivery)."""

    async def get(self, intent_id: str) -> Incoming | None:
        """Return a recorded intent: a form's button or command, and where it was pressed or typed."""

    async def close(self, intent_id: str) -> None:
        """Record that an intent led to a request or to an answer."""

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return the intents that a crash left without either."""
