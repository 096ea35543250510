"""A request: one change that somebody wants, from the command to its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.core.model import Confirm, Visibility
from bot.core.requests.plan import Plan


class State(StrEnum):
    """Where a request is. `core.approval` says which moves exist."""

    PENDING = "pending"
    """Waits for votes, or for its requester's own confirmation."""
    APPROVED = "approved"
    READY = "ready"
    """A token that its requester may reveal."""
    EXECUTING = "executing"
    QUARANTINED = "quarantined"
    """A destroy that counts down; Undo is open."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    STALE = "stale"
    RESTORED = "restored"
    """A quarantine that was undone."""


BEFORE_SENT: Final = (State.PENDING, State.APPROVED, State.READY, State.EXECUTING)
"""States in which a change may not have been sent to Turso yet; in EXECUTING, the store knows."""
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
"""States that the people concerned are told of."""
ON_RECORD: Final = ENDS - {State.READY}
"""States that the audit log has an entry of. Of a token that is ready, it has the approval before and the reveal."""


class Mode(StrEnum):
    """Whose approval a request needs."""

    DIRECT = "direct"
    """The requester's own confirmation at most."""
    APPROVAL = "approval"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's answer to a request."""

    request_id: str
    user_id: str
    approves: bool
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that changes, from the question to its outcome. A card is only a view of it."""

    id: str
    """`r-` and 10 characters."""
    intent_id: str
    mode: Mode
    state: State
    command: str
    """The command's name as rules write it."""
    line: str
    """The command line in canonical spelling, to ask again with."""
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
    """When the change was handed to Turso, by the machine's clock: set once, before the call. Who finds it set reads
    back and never sends."""
    card_ts: str | None = None
    outcome: str = ""
    """One plain sentence: what is known to have happened."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the outcome showed, as plain JSON (a new database's hostname)."""
    updated_at: datetime | None = None
    due_at: datetime | None = None
    """When the countdown of a quarantine ends; None: it has ended, and nothing more happens by itself."""
    incident_id: str | None = None
    reminded_at: datetime | None = None
    """When the requester last had its approvers reminded."""
    votes: tuple[Vote, ...] = ()

    @property
    def rests(self) -> bool:
        """Return True for a quarantine without a countdown: Undo, or another destroy, ends it."""
        return self.state is State.QUARANTINED and self.due_at is None

    @property
    def leaves_frozen(self) -> bool:
        """Return True when it ended before it took over from an earlier quarantine, whose hold is a freeze since."""
        ended = self.state in (State.DENIED, State.CANCELLED, State.EXPIRED, State.STALE, State.FAILED)
        return ended and CLOSED in self.facts and TOOK_OVER not in self.facts

    def is_over(self, now: datetime) -> bool:
        """Return True once the time it waits is over, although its timer may not have said so yet."""
        waits = self.state in (State.PENDING, State.READY)
        return waits and self.expires_at is not None and self.expires_at <= now


CLOSED: Final = "closed"
"""Among a request's facts: the requests whose quarantines ended with it, and whose people are told as well."""
TOOK_OVER: Final = "took_over"
"""Among a request's facts: its own quarantine stands in place of those."""
REFUSED: Final = "refused"
"""Among a request's facts: Turso refused it for good, so that the same would be refused again."""
COUNTDOWN_OVER: Final = "countdown_over"
"""Among a request's facts: its countdown has not ended as its people expect, so that all of them are told."""
