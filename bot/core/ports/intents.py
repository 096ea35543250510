"""The port of intents: commands, clicks and forms that must not be lost."""

from datetime import datetime
from typing import Final, Protocol

from bot.core.requests.incoming import Incoming

RECORD_SECONDS: Final = 2.0
"""The time limit for storing an intent before the acknowledgement, for which Slack waits 3 seconds."""


class Intents(Protocol):
    """Stores intents."""

    async def record(self, incoming: Incoming, *, actionable: bool = True, within: float = RECORD_SECONDS) -> bool:
        """Commit an intent before the acknowledgement. Returns False if it was already stored (a redelivery).

        Raises:
            NotRecorded: the intent couldn't be stored in time, and won't be stored later.
        """

    async def get(self, intent_id: str) -> Incoming | None:
        """Return a stored intent."""

    async def close(self, intent_id: str) -> None:
        """Mark an intent as done, because a request was created or the person got a reply."""

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return the intents before a time that a crash left open."""
