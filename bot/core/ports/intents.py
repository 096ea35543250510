"""The protocol for storing intents: commands, clicks and forms that must not be lost."""

from datetime import datetime
from typing import Final, Protocol

from bot.core.requests.incoming import Incoming

RECORD_SECONDS: Final = 2.0
"""The time limit for storing an intent before the acknowledgement, for which Slack waits 3 seconds."""


class Intents(Protocol):
    """Stores intents."""

    async def record(self, incoming: Incoming, *, actionable: bool = True, within: float = RECORD_SECONDS) -> bool:
        """Commit an intent before the acknowledgement. Returns False if it is a redelivery or a repeated form.

        Args:
            actionable: False if the intent is only stored to recognize redeliveries and to fill in forms.
            within: how many seconds to wait. Without effect if the intent isn't actionable.
        Raises:
            NotRecorded: the intent couldn't be stored in time, and won't be stored later.
            Unavailable: (any other) the store failed while the process was stopping. The intent may be stored.
            Unavailable: the store failed while the process was stopping. The intent may be stored.
        """

    async def get(self, intent_id: str) -> Incoming | None:
        """Return a stored intent, without the fields that are never stored. None if there is none."""

    async def is_waiting(self, incoming: Incoming) -> bool:
        """Return True if this form was submitted before with the same content, and that submission isn't done yet."""

    async def close(self, intent_id: str) -> None:
        """Mark an intent as done, because a request was created or the person got a reply."""

    async def find_open(self, *, before: datetime) -> list[Incoming]:
        """Return up to 1,000 unfinished intents from before a time, oldest first."""
