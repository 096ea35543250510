"""Protocols for stored requests and their votes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.request import Request, State, Vote
from bot.core.requests.transition import Transition


class ReadRequests(Protocol):
    """Reads requests."""

    async def get(self, request_id: str) -> Request | None:
        """Return one request with its votes."""

    async def find(
        self,
        *,
        states: Sequence[State],
        channel_id: str | None = None,
        requester: str | None = None,
        command: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Request]:
        """Return the matching requests, newest first. `since` selects those that have changed since then.

        Without a limit, the list is complete.
        """

    async def decided_by(self, *subjects: str) -> Request | None:
        """Return the request that decides on any of these subjects. None if there is none yet.

        Args:
            subjects: the `decision_subjects` of a plan, or its `changes_alone`.
        """

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """Return True if `mark_sent` has marked this phase."""


class Requests(ReadRequests, Protocol):
    """Reads and changes requests."""

    async def open(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with its transition's side effects and close its intent, in one commit.

        Returns an existing request, and inserts nothing, if the requester has a pending request for the same operation,
        if the intent already has a request, or if another request is making a change that only one at a time may make.

        Args:
            unless_owing: raise ReviewOwed, and insert nothing, if the request needs a review and another break-glass
                operation of the requester waits for its review.
        """

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Change the state by compare-and-set. Returns None, and writes nothing, if the state wasn't an expected one.

        Also None if the transition is only for unsent requests and a phase was marked as sent, places a quarantine on a
        database that already has one, or decides on something on which another request has already decided.
        """

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a person's vote to a pending request. Returns None if it isn't pending.

        A person's second vote changes nothing, unless the first was an approval with another `on_behalf_of`. Then it
        replaces the first.
        """

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Record that the approvers of a pending request are being reminded.

        Returns False, and writes nothing, if they were reminded since `before`, or the request isn't pending.
        """

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Mark a phase of an EXECUTING request as sent, by compare-and-set.

        If it returns False, never send: the phase is already marked, or the request is no longer EXECUTING, for example
        because it was denied, withdrawn or expired.
        """
