"""Requests and their votes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.request import Request, State, Vote
from bot.core.requests.transition import Transition


class ReadRequests(Protocol):
    """Requests, to read."""

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
        """Return all that match, newest first; `since`: those that have changed since then; `limit`: at most so many.

        A request that isn't in a list without a limit doesn't exist. From a list with a limit, don't conclude that.
        """

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """Return True once `mark_sent` has marked this phase."""


class Requests(ReadRequests, Protocol):
    """Requests, to read and to change."""

    async def open(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with what `move` brings and close its intent, in one commit.

        `unless_owing`: not while its requester owes a review; then it raises ReviewOwed, and nothing is inserted.

        Returns the pending request of the same plan and requester when there is one already; then nothing is inserted.
        """

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Compare-and-set the state. None: it was in none of the expected states, and nothing was written.

        Also None: the move places a quarantine of an object that has an open one.
        """

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a vote to a pending request, once for each person (a second one replaces nothing). None: not pending."""

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Record that the approvers of a pending request are reminded now.

        False: they were since `before`, or it waits no longer; then nothing is written.
        """

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Set the phase's `sent_at` by compare-and-set, while the request is EXECUTING.

        False: never send. It was set before, or the request was denied, withdrawn or has expired meanwhile.
        """
