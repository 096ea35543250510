"""The port of requests and their votes."""

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
        """Return all matches, newest first. `since` selects those that have changed since then.

        A list without a limit is complete. A list with one may not be.
        """

    async def decided_by(self, *subjects: str) -> Request | None:
        """Return the request that decides about any of these: a request's ID, or the `DbId` of its result.

        None if none has decided yet.
        """

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """Return True if `mark_sent` has marked this phase."""


class Requests(ReadRequests, Protocol):
    """Reads and changes requests."""

    async def open(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with its transition's side effects and close its intent, in one commit.

        With `unless_owing`, raises ReviewOwed and inserts nothing if its requester has an open review.

        Returns the existing pending request with the same plan and requester, if any. Nothing is inserted then.
        """

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Change the state by compare-and-set. Returns None, and writes nothing, if the state wasn't an expected one.

        Also None if it places a quarantine on a database that has an active one, or decides on a request on which
        another one has decided.
        """

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a person's vote to a pending request. Returns None if it isn't pending.

        A second vote changes nothing, unless it is given for another approver than the first.
        """

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Record that the approvers of a pending request are being reminded.

        Returns False, and writes nothing, if they were reminded since `before`, or the request isn't pending.
        """

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Set the phase's `sent_at` by compare-and-set, while the request is EXECUTING.

        False means never send: it was already set, or the request was denied, withdrawn or has expired.
        """
