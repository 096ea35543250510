"""Transitions: changes of a request's state, with everything else that is committed with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch
from bot.core.records.holds import Hold
from bot.core.records.incidents import Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.request import ON_RECORD, State, Vote


@dataclass(frozen=True, slots=True)
class Closing:
    """A quarantine that another request's transition ends, if it is still open at that time."""

    request_id: str
    outcome: str
    """The outcome for the people concerned, in plain sentences."""
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Revocation:
    """The tokens in the ledger that a rotation revoked: all tokens of some databases that were minted before it."""

    database_ids: Sequence[str]
    to: TokenState
    """`REVOKED` if Turso accepted the rotation. `ENDED` if it was verified that the database rejects the tokens."""
    minted_before: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a request's state, with everything that is committed in the same transaction."""

    to: State
    at: datetime
    changes: Mapping[str, Any]
    """Other fields of `Request` to set, such as `outcome`, `due_at` and `expires_at`."""
    entries: Sequence[AuditEntry] = ()
    """Audit entries. A transition to a state in `ON_RECORD` needs at least one."""
    timers: Sequence[Timer] = ()
    cancel: Sequence[TimerKind] = ()
    """The kinds of this request's timers to cancel."""
    enqueue: str | None = None
    """The phase whose workflow `<request>:<phase>` starts with this commit: `execute`, `finish`, `undo2`, …"""
    holds: Sequence[Hold] = ()
    """Holds to place. If a database is to be quarantined and already is, the whole transition fails."""
    release_holds: Sequence[str] = ()
    decides: tuple[str, ...] = ()
    """The IDs on which this request decides. If another request has decided on any, the whole transition fails."""
    frees: tuple[str, ...] = ()
    """The IDs on which this request no longer decides, because its change is over."""
    closes: Sequence[Closing] = ()
    """Quarantines that end as stale, with their timers, before new holds are placed."""
    end_tokens_of: Sequence[str] = ()
    """The `DbId`s of deleted databases, whose tokens in the ledger are marked as ended."""
    revokes: Sequence[Revocation] = ()
    reviews: Sequence[Review] = ()
    votes: Sequence[Vote] = ()
    branches: Sequence[Branch] = ()
    """Branches that the request created."""
    notifies: bool = True
    """False if people aren't notified although `to` is in `ENDS`, because this is an intermediate step."""
    only_unsent: bool = False
    """True if the transition must fail if any phase of the request has been sent.

    It also removes what the request had prepared, such as holds and an open review.
    """
    adds: Mapping[str, Any] = field(default_factory=dict)
    """Facts to add to the stored ones within the transaction, so that facts of another process aren't lost."""

    def __post_init__(self) -> None:
        """Reject a transition without an audit entry to a state that needs one.

        Raises:
            ValueError: a transition to a state in `ON_RECORD` has no audit entry.
        """
        if self.to in ON_RECORD and not self.entries:
            raise ValueError(f"a move to {self.to.value} brings no audit entry")
