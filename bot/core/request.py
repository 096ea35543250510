"""The records of the pipeline: what came in, what was asked for, who approved, what is held, minted and due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from bot.core.model import Confirm, Visibility
from bot.core.plan import Plan


class Kind(StrEnum):
    """By which way something came in."""

    COMMAND = "command"
    MENTION = "mention"
    ACTION = "action"
    SUBMISSION = "submission"
    SHORTCUT = "shortcut"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that a person typed, pressed or submitted. What is short-lived is not shown and never stored."""

    id: str
    """Our reference, shown to people: `i-` and 10 characters."""
    key: str
    """What Slack repeats when it delivers again: `trigger_id` or `event_id`, hashed."""
    kind: Kind
    at: datetime
    user_id: str
    channel_id: str
    """Empty in Home and global shortcuts."""
    user_team_id: str | None = None
    """The actor's own team or organization, from interactive payloads."""
    thread_ts: str | None = None
    text: str = ""
    """The command line as typed, for commands and mentions."""
    action_id: str = ""
    """Of a button; the `callback_id` of a submission or shortcut."""
    value: str = ""
    """Of a button: an opaque id or a command line; the `private_metadata` of a submission."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The inputs of a submission or of the message: `block_id` to a plain value."""
    message_ts: str | None = None
    view_id: str | None = None
    is_ephemeral: bool = False
    """The button stood in a message that only this person sees."""
    modal_id: str | None = None
    """A modal that was opened for the answer."""
    trigger_id: str | None = field(default=None, repr=False)
    response_url: str | None = field(default=None, repr=False)

    @property
    def is_within_thread(self) -> bool:
        """True when it was written or pressed in an answer of a thread, so that the thread has answers."""
        seen_there = self.kind in (Kind.MENTION, Kind.ACTION)
        return seen_there and self.thread_ts is not None and self.thread_ts != self.message_ts


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
REVIEWED: Final = "reviewed"
"""The end of a review that was owed."""
PLAINLY: Final = "plainly"
"""How an end was told whose card can't be drawn, by a fault of ours."""
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
        """True for a quarantine without a countdown: Undo, or another destroy, ends it."""
        return self.state is State.QUARANTINED and self.due_at is None

    @property
    def leaves_frozen(self) -> bool:
        """True when it ended before it took over from an earlier quarantine, whose hold is a freeze since."""
        ended = self.state in (State.DENIED, State.CANCELLED, State.EXPIRED, State.STALE, State.FAILED)
        return ended and CLOSED in self.facts and TOOK_OVER not in self.facts

    def is_over(self, now: datetime) -> bool:
        """True once the time it waits is over, although its timer may not have said so yet."""
        waits = self.state in (State.PENDING, State.READY)
        return waits and self.expires_at is not None and self.expires_at <= now


CLOSED: Final = "closed"
"""Among a request's facts: the requests whose quarantines ended with it, and whose people are told as well."""
TOOK_OVER: Final = "took_over"
"""Among a request's facts: its own quarantine stands in place of those."""
COUNTDOWN_OVER: Final = "countdown_over"
"""Among a request's facts: its countdown has not ended as its people expect, so that all of them are told."""


class HoldKind(StrEnum):
    """Why a database is blocked."""

    FREEZE = "freeze"
    QUARANTINE = "quarantine"
    FOUND = "found"
    """It was blocked before we came; we never lift it by ourselves."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason why reads or writes of a database are blocked."""

    id: str
    kind: HoldKind
    organization: str
    database: str
    database_id: str
    block_reads: bool
    block_writes: bool
    request_id: str
    channel_id: str
    placed_at: datetime
    due_at: datetime | None = None
    released_at: datetime | None = None


class TokenState(StrEnum):
    """What we know of a token that we minted."""

    MINTING = "minting"
    LIVE = "live"
    UNKNOWN = "unknown"
    """The call's outcome is not known: it may exist until its expiry, delivered to nobody."""
    REVOKED = "revoked"
    """Turso has accepted a rotation; the database was not seen to refuse it yet."""
    ENDED = "ended"
    """Proven to be refused after a rotation, or its database is gone."""
    REFUSED = "refused"
    """Turso refused to mint it."""


@dataclass(frozen=True, slots=True)
class LedgerToken:
    """A token that we minted: everything about it but the token."""

    id: str
    request_id: str
    organization: str
    database: str
    database_id: str
    group: str | None
    read_only: bool
    holder: str
    channel_id: str
    minted_at: datetime
    expires_at: datetime | None
    """None: never."""
    fingerprint: str = ""
    """The first 16 hex digits of the token's SHA-256."""
    state: TokenState = TokenState.MINTING


class TimerKind(StrEnum):
    """What is due."""

    EXPIRE = "expire"
    REMIND = "remind"
    LAPSE = "lapse"
    FINISH = "finish"
    THAW = "thaw"
    RECONCILE = "reconcile"
    PROVE = "prove"
    INCIDENT_END = "incident_end"
    REVIEW = "review"
    ALARM = "alarm"
    DIGEST = "digest"
    SAMPLE = "sample"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that happens when its time has come; it can be seen, moved and cancelled."""

    kind: TimerKind
    subject: str
    """The id of the request, hold, incident, review or channel that it is about; for a sample the organization."""
    due_at: datetime
    attempt: int = 0
    failures: int = 0
    """How often in a row its work has failed."""
    cause: str = ""
    """Why it failed the last time."""
    held_until: datetime | None = None
    """By the machine's clock: it was started, or has failed, and is left alone until then."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Timers that should have fired."""

    overdue: int
    """Those that have not failed: no process has got round to them."""
    failing: int
    examples: tuple[Timer, ...]
    """Those that have failed most often."""


@dataclass(frozen=True, slots=True)
class Untold:
    """An end that somebody is still to be told of."""

    subject: str
    """The id of the request or review that has come to an end."""
    event: str
    """The end: a request's state, or `reviewed`."""
    owed_at: datetime
    how: str = ""
    """`nobody`: no way to anybody was open; `plainly`: it was told, without its card."""


@dataclass(frozen=True, slots=True)
class LiveCard:
    """A message that shows how a database is, and is brought up to date when the database changes."""

    channel_id: str
    ts: str
    organization: str
    database: str
    line: str
    """The command line that draws it."""
    user_id: str
    """Who asked for it: it is drawn for them, by the rules as they are then."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """A channel's time-boxed rights."""

    id: str
    key: str
    channel_id: str
    organization: str
    profile: str
    started_by: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    timeline_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """What a break-glass act owes: a look by somebody else."""

    id: str
    request_id: str
    actor: str
    channel_id: str
    created_at: datetime
    due_at: datetime
    reviewers: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    justified: bool | None = None
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """A channel's usage digest."""

    channel_id: str
    organization: str
    cadence: str
    """`weekly` or `daily`."""
    weekday: int
    """0 is Monday; for `weekly`."""
    at: str
    """Local time, `09:00`."""
    tz: str
    by: str
    next_at: datetime
    last_period: str = ""
    """The period last posted, such as `2026-W48`: it is not posted twice. A sign behind it says how that went."""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """What a database had used at a moment since the start of its month."""

    organization: str
    database: str
    database_id: str
    day: str
    """`2026-11-24`, UTC: as of its end; or, with a time behind it, as of that moment."""
    rows_read: int | None
    """Of this and the other numbers: None, if Turso did not say."""
    rows_written: int | None
    storage_bytes: int | None
    bytes_synced: int | None


TIMER: Final = "timer"
"""Who acts, in the audit log, when nobody does."""
POLICY_FILE: Final = "policy"
"""Who acts, in the audit log, when the policy file was changed; who changed it, the bot cannot know."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log, before it is chained."""

    at: datetime
    event: str
    """`asked`, `approved`, `denied`, `executed`, `refused`, `read`, `expired`, `revealed`, …"""
    outcome: str
    """`allowed`, `succeeded`, `failed`, `unknown`, `stale`, `denied`, `expired`, …"""
    user_id: str
    channel_id: str
    command: str = ""
    databases: tuple[str, ...] = ()
    organization: str = ""
    request_id: str = ""
    rule: str = ""
    reason: str = ""
    policy_hash: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON, no secret: plan hash, ticket, incident, who voted."""
