"""Protocols for stored incidents and for reviews of break-glass operations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident, Review
from bot.core.records.timers import Timer


class ReadIncidents(Protocol):
    """Reads incidents. One is active until a command or its timer ends it, which can be a moment after its `until`."""

    async def running_in(self, channel_id: str) -> Incident | None:
        """Return the active incident of a channel. Changes by other processes are visible within a second."""

    async def last_in(self, channel_id: str) -> Incident | None:
        """Return the most recent incident in a channel, active or ended."""

    async def last_with_key(self, channel_id: str, key: str) -> Incident | None:
        """Return the most recent incident with this key in a channel, active or ended.

        The key's case is ignored.
        """

    async def get(self, incident_id: str) -> Incident | None:
        """Return one incident, active or ended."""

    async def find_running(self, *, newest: int | None = None) -> list[Incident]:
        """Return all active incidents, oldest first. With `newest`, only that many, newest first."""


class Incidents(ReadIncidents, Protocol):
    """Reads and changes incidents."""

    async def start(self, incident: Incident, timer: Timer, entry: AuditEntry) -> Incident | None:
        """Start an incident with its timer. Returns None if the channel has an active one, or it was started before."""

    async def end(
        self, incident_id: str, by: str, at: datetime, entry: AuditEntry, *, keeps_timer: bool = False
    ) -> bool:
        """End an incident and delete its timer. Returns False if it had already ended.

        Args:
            keeps_timer: don't delete the timer, because it is firing and still has to notify people.
        """

    async def extend(self, incident_id: str, until: datetime, entry: AuditEntry) -> bool:
        """Extend an incident and its timer. Returns False if it has ended."""

    async def set_timeline(self, incident_id: str, ts: str) -> None:
        """Store the `ts` of the message that announces the incident."""


class ReadReviews(Protocol):
    """Reads reviews."""

    async def get(self, review_id: str) -> Review | None:
        """Return one review, open or completed."""

    async def find(
        self,
        *,
        owed: bool = True,
        actor: str | None = None,
        request_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Review]:
        """Return open reviews, the first due first. With `owed=False`, return completed reviews, newest first."""


class Reviews(ReadReviews, Protocol):
    """Reads and completes reviews. New reviews are stored with a request's transition."""

    async def settle(
        self, review_id: str, by: str, justified: bool, comment: str, at: datetime, entry: AuditEntry
    ) -> bool:
        """Store a review's verdict and delete its reminder. Returns False if the review was already completed."""
