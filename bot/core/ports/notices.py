"""Messages that the bot keeps up to date, and who was notified of what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.notices import LiveCard, Untold


class Cards(Protocol):
    """Where the copies of a request's card stand."""

    async def add(self, request_id: str, channel_id: str, ts: str) -> None:
        """Record a copy of a request's card."""

    async def of(self, request_id: str) -> list[tuple[str, str]]:
        """Return (channel_id, ts) of every copy."""

    async def request_at(self, channel_id: str, ts: str) -> str | None:
        """Return the id of the request whose card, or a copy of it, stands there; None: it is no card."""

    async def drop(self, request_id: str, channel_id: str, ts: str) -> None:
        """Forget a copy that is gone."""


class LiveCards(Protocol):
    """Messages that show how a database is."""

    async def add(self, card: LiveCard) -> None:
        """Record one; the newest of a database in a channel replaces the one before."""

    async def find(self, organization: str, databases: Sequence[str]) -> list[LiveCard]:
        """Return those of some databases."""

    async def drop(self, card: LiveCard) -> None:
        """Forget one that is gone."""


class Notices(Protocol):
    """Who was notified how something ended."""

    async def untold(self, subject: str) -> list[Untold]:
        """Return the ends of a request or review of which the people concerned are still to be notified."""

    async def was_told(self, subject: str, event: str, person: str = "") -> bool:
        """Return True when people were notified of that end; `person`: this one."""

    async def set_told(self, subject: str, event: str, *, how: str, person: str = "") -> None:
        """Record that everybody concerned, or one person, was notified of an end, and how.

        `nobody` leaves it untold, and is not tried again.
        """

    async def told_nobody(self, *, since: datetime, before: datetime) -> list[Untold]:
        """Return ends since a moment of which nobody was notified.

        Either there was no way to reach anybody, or the notice is owed since before another moment.
        """

    async def told_plainly(self, *, since: datetime) -> list[Untold]:
        """Return ends since a moment whose cards could not be drawn."""
