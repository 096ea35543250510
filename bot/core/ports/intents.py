"""The port of intents: commands, clicks and forms that must not be lost."""

from datetime import datetime
from typing import Final, Protocol

from bot.core.requests.incoming import Incoming

RECORD_SECONDS: Final = 2.0
"""How long the store may take for what Slack waits for. Slack waits 3 seconds for the ack."""


class Intents(Protocol):
    """Stores intents."""

    async def record(self, incoming: Incoming, *, actionable: bool = True, within: float = RECORD_SECONDS) -> bool:
        """Commit an intent before Slack is acknowledged. False: it was stored before (a redelivery).

        Raises:
            NotRecorded: it can't be stored within so many seconds, and won't be.
        """

    async def get(self, intent_id: str) -> Incoming | None:
        """Return a stored intent."""

    async def close(self, intent_id: str) -> None:
        """Mark an intent as done: it led to a request or an answer."""

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return the intents before a time that a crash left open."""
