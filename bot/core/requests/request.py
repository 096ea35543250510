"""Requests for changes, from the command to the outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.core.model import Confirm, Visibility
from bot.core.requests.plan import Plan


class State(StrEnum):
    """The state of a request. `core.requests.approval` has the allowed transitions."""

    PENDING = "pending"
    """The request waits for votes, or for its requester's own confirmation."""
    APPROVED = "approved"
    READY = "ready"
    """The request is approved, or needs no approval, and its requester may reveal the token."""
    EXECUTING = "executing"
    QUARANTINED = "quarantined"
    """A destroy during its countdown. Undo is possible."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    STALE = "stale"
    RESTORED = "restored"
    """A quarantine that was undone."""


BRANCH: Final = "b-"
"""How the ID of a branch starts."""
BEFORE_SENT: Final = (State.PENDING, State.APPROVED, State.READY, State.EXECUTING)
"""States in which it is possible that nothing has been sent yet. `sent_at` shows whether something has."""
ENDS: Final = frozenset(
    {
        State.READY,
        State.QUARANTINED,
        State.SUCCEEDED,
        State.FAILED,
        State.UNKNOWN,
        State.DENIED,
        State.EXPIRED,
        State.CANCELLED,
        State.STALE,
        State.RESTORED,
    }
)
"""States of which the people concerned are notified."""
ON_RECORD: Final = ENDS - {State.READY}
"""States whose transitions need an audit entry. READY doesn't, because the approval and the reveal have their own."""


class Mode(StrEnum):
    """What a request needs before it is executed."""

    DIRECT = "direct"
    """At most the requester's own confirmation."""
    APPROVAL = "approval"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's approval or denial of a request."""

    request_id: str
    user_id: str
    approves: bool
    at: datetime
    comment: str = ""
    on_behalf_of: str = ""
    """The approver for whom a delegate voted. Empty if the voter is an approver."""
    schedules: str = ""
    """The keys of the on-call schedules that made the voter an approver, separated by spaces.

    Empty if they are an approver for another reason.
    """


@dataclass(frozen=True, slots=True)
class Request:
    """A request, from the command to the outcome. Its cards only show it."""

    id: str
    """The request's ID: `r-` and 10 characters."""
    intent_id: str
    mode: Mode
    state: State
    command: str
    """The command's name in rules."""
    line: str
    """The command line, with exact times, with which the same can be requested again."""
    plan: Plan
    organization: str
    channel_id: str
    thread_ts: str | None
    requester: str
    requester_team: str
    created_at: datetime
    reason: str = ""
    ticket: str = ""
    private: bool = False
    rule: str = ""
    quorum: int = 0
    confirm: Confirm = Confirm.NONE
    visibility: Visibility = Visibility.CHANNEL
    notify: tuple[str, ...] = ()
    expires_at: datetime | None = None
    countdown: timedelta = timedelta(hours=24)
    sent_at: datetime | None = None
    """When the request's first phase was marked as sent, just before its call to Turso.

    A marked phase is never sent again, only read back. The time is the machine's, or the bot's clock for a token.
    """
    card_ts: str | None = None
    outcome: str = ""
    """What is known to have happened, in plain sentences. After a denial, its reason. May be empty."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the operation returned, such as a new database's hostname, and what the bot recorded about it.

    Plain JSON without secrets.
    """
    updated_at: datetime | None = None
    due_at: datetime | None = None
    """When the quarantine's countdown ends, or was to end if the quarantine is over. None without a countdown.

    A quarantine without a countdown isn't ended automatically.
    """
    incident_id: str | None = None
    reminded_at: datetime | None = None
    """When the approvers were last reminded."""
    trace: str = ""
    """The position in a trace at which the request was opened, as a W3C `traceparent`. Empty if tracing is off."""
    votes: tuple[Vote, ...] = ()

    @property
    def is_private(self) -> bool:
        """Return True if the channel must not read about its outcome. A break-glass operation is never private."""
        hidden = self.private or self.visibility is Visibility.EPHEMERAL
        return hidden and self.mode is not Mode.BREAK_GLASS

    @property
    def is_indefinite(self) -> bool:
        """Return True for a quarantine without a countdown, which only Undo or another destroy ends."""
        return self.state is State.QUARANTINED and self.due_at is None

    @property
    def is_branch_end(self) -> bool:
        """Return True if a branch's end date led to it, and not a person. Its intent is then the branch."""
        return self.intent_id.startswith(BRANCH)

    @property
    def leaves_frozen(self) -> bool:
        """Return True if the request ended an earlier quarantine, and then ended without its own.

        The hold of the earlier quarantine has become a freeze.
        """
        ended = self.state in (State.DENIED, State.CANCELLED, State.EXPIRED, State.STALE, State.FAILED)
        return ended and CLOSED in self.facts and TOOK_OVER not in self.facts

    def is_over(self, now: datetime) -> bool:
        """Return True if the request still waits for a person although it has expired: its timer hasn't fired yet."""
        waits = self.state in (State.PENDING, State.READY)
        return waits and self.expires_at is not None and self.expires_at <= now


CLOSED: Final = "closed"
"""Key in the facts: the IDs of the requests whose quarantines this one ended. Their requesters are notified, too."""
TOOK_OVER: Final = "took_over"
"""Key in the facts: set once the request's own quarantine has replaced those in `CLOSED`."""
REFUSED: Final = "refused"
"""Key in the facts: the change was refused permanently or made only in part, so repeating the request is useless."""
COUNTDOWN_OVER: Final = "countdown_over"
"""Key in the facts: the countdown didn't end as planned, so that the approvers are notified, too."""
