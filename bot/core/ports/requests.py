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
        """Return all matches, newest first. `since`: changed since then. `limit`: at most this many.

        A list without a limit is complete. One with a limit isn't.
        """

    async def decided_by(self, *subjects: str) -> Request | None:
        """Return the request that decides about any of these: a request's ID, or the `DbId` of its result.

        None: none has decided yet.
        """

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """Return True if `mark_sent` has marked this phase."""


class Requests(ReadRequests, Protocol):
    """Reads and changes requests."""

    async def open(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with its transition's side effects and close its intent, in one commit.

        `unless_owing`: if its requester has an open review, raise ReviewOwed and insert nothing.

        Returns the existing pending request with the same plan and requester, if any. Then nothing is inserted.
        """

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Change the state by compare-and-set. None: it was in no expected state, and nothing was written.

        Also None if it places a quarantine on a database that has an active one, or decides on a request on which
        another one has decided.
        """

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a person's vote to a pending request. None: not pending.

        A later vote changes nothing, unless it is in the place of another approver than the first.
        """

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Record that the approvers of a pending request are being reminded.

        False: they were reminded since `before`, or it isn't pending. Then nothing is written.
        """

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Set the phase's `sent_at` by compare-and-set, while the request is EXECUTING.

        False means never send: it was set before, or the request was denied, withdrawn or expired meanwhile.
        """
