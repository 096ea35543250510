"""Incidents, and the reviews that break-glass operations owe."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident, Review
from bot.core.records.timers import Timer


class ReadIncidents(Protocol):
    """Incidents, to read."""

    async def running_in(self, channel_id: str) -> Incident | None:
        """Return the incident that runs in a channel now."""

    async def last_in(self, channel_id: str) -> Incident | None:
        """Return the incident that was started last in a channel, running or ended."""

    async def get(self, incident_id: str) -> Incident | None:
        """Return one incident, running or ended."""

    async def find_running(self, *, newest: int | None = None) -> list[Incident]:
        """Return all that run, oldest first; `newest`: so many, newest first."""


class Incidents(ReadIncidents, Protocol):
    """Incidents, to read and to change."""

    async def start(self, incident: Incident, timer: Timer, entry: AuditEntry) -> Incident | None:
        """Start an incident with its timer. None: one runs in that channel already."""

    async def end(
        self, incident_id: str, by: str, at: datetime, entry: AuditEntry, *, keeps_timer: bool = False
    ) -> bool:
        """End an incident and drop its timer. False: it had ended before.

        `keeps_timer`: for the timer that fires, which stays until people are notified of the end.
        """

    async def extend(self, incident_id: str, until: datetime, entry: AuditEntry) -> bool:
        """Move the end of an incident, with its timer. False: it has ended."""

    async def set_timeline(self, incident_id: str, ts: str) -> None:
        """Record the message that announces the incident."""


class ReadReviews(Protocol):
    """Reviews, to read."""

    async def get(self, review_id: str) -> Review | None:
        """Return one review, owed or given."""

    async def find(
        self,
        *,
        owed: bool = True,
        actor: str | None = None,
        request_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Review]:
        """Return those that are owed, the first due first; `owed=False`: those that were given last, newest first."""


class Reviews(ReadReviews, Protocol):
    """Reviews, to read and to give. A review is opened by the transition of its request."""

    async def settle(
        self, review_id: str, by: str, justified: bool, comment: str, at: datetime, entry: AuditEntry
    ) -> bool:
        """Give a review and drop its reminder. False: it was given before."""
