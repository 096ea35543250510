"""Protocols for messages that are updated later, and for notifications about outcomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.notices import LiveCard, PendingNotice


class Cards(Protocol):
    """Stores which messages are copies of cards. The `request_id` of a branch's card is the branch's ID."""

    async def add(self, request_id: str, channel_id: str, ts: str) -> None:
        """Store a posted copy of a card."""

    async def of(self, request_id: str) -> list[tuple[str, str]]:
        """Return (channel_id, ts) of every copy of a card, oldest first."""

    async def request_at(self, channel_id: str, ts: str) -> str | None:
        """Return the ID of the request or branch whose card a message is. None if it isn't such a card."""

    async def drop(self, request_id: str, channel_id: str, ts: str) -> None:
        """Delete the record of a copy that no longer exists in Slack."""


class LiveCards(Protocol):
    """Stores messages that show the state of a database."""

    async def add(self, card: LiveCard) -> None:
        """Store a card. It replaces the previous one of the same database and channel."""

    async def find(self, organization: str, databases: Sequence[str]) -> list[LiveCard]:
        """Return the cards of some databases."""

    async def drop(self, card: LiveCard) -> None:
        """Delete a card that no longer exists."""


class Notices(Protocol):
    """Stores the outcomes of which people must be notified, and whether they were."""

    async def pending(self, subject: str) -> list[PendingNotice]:
        """Return the outcomes of a subject, such as a request, for which notifications are pending."""

    async def was_notified(self, subject: str, event: str, person: str = "") -> bool:
        """Return True if people were notified of this outcome. With `person`, only if that person was."""

    async def how_notified(self, subject: str, event: str, person: str) -> str | None:
        """Return how a person was notified of this outcome. None if they weren't."""

    async def set_notified(self, subject: str, event: str, *, how: str, person: str = "") -> None:
        """Record how everybody concerned, or one person, was notified of an outcome.

        `how="nobody"` means that nobody could be reached. Then no other attempt is made, and `undelivered` returns it.
        """

    async def record_once(self, subject: str, event: str, entry: AuditEntry) -> None:
        """Add an audit entry about an event of which nobody is notified, unless one was added before."""

    async def undelivered(self, *, since: datetime, before: datetime) -> list[PendingNotice]:
        """Return outcomes since a time of which nobody was notified.

        Either nobody could be reached, or the notification was already pending before `before`.
        """

    async def delivered_plainly(self, *, since: datetime) -> list[PendingNotice]:
        """Return outcomes since a time of which people were notified without the card, which couldn't be built."""
