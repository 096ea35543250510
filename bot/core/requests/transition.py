"""Transitions: changes of a request's state with everything that is committed together."""

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
    """A quarantine that ends with another request's transition, if it is still waiting at that time."""

    request_id: str
    outcome: str
    """One sentence for the people concerned."""
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens in the ledger that a rotation revoked: those of some databases, minted before it."""

    database_ids: Sequence[str]
    to: TokenState
    """`REVOKED` if Turso accepted it. `ENDED` if the database was seen to refuse them."""
    minted_before: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a request's state, with everything that is committed in the same transaction."""

    to: State
    at: datetime
    changes: Mapping[str, Any]
    """Other fields of `Request` to set: `outcome`, `facts`, `due_at`, `expires_at`, `card_ts`."""
    entries: Sequence[AuditEntry] = ()
    """Audit entries. A transition to a final outcome (`ON_RECORD`) needs at least one."""
    timers: Sequence[Timer] = ()
    cancel: Sequence[TimerKind] = ()
    """Timers of this request that are cancelled."""
    enqueue: str | None = None
    """The phase whose workflow `<request>:<phase>` starts with this commit: `execute`, `finish`, `undo`."""
    holds: Sequence[Hold] = ()
    """Holds to place. If one is a quarantine and the database already has one, the whole transition fails."""
    release_holds: Sequence[str] = ()
    decides: tuple[str, ...] = ()
    """What this request decides about. If another one has decided about any of these, the whole transition fails."""
    frees: tuple[str, ...] = ()
    """What this request no longer decides about, because its change is over."""
    closes: Sequence[Closing] = ()
    """Quarantines that become stale, with their holds and timers, before new holds are placed."""
    end_tokens_of: Sequence[str] = ()
    """`DbId`s that no longer exist, so that their tokens in the ledger end."""
    revokes: Sequence[Revocation] = ()
    reviews: Sequence[Review] = ()
    votes: Sequence[Vote] = ()
    branches: Sequence[Branch] = ()
    """Branches that were created."""
    notifies: bool = True
    """True if people are notified of this outcome. False for an intermediate step."""
    only_unsent: bool = False
    """True if the transition fails once the request was sent.

    It removes what the request had prepared, such as holds and an open review.
    """
    adds: Mapping[str, Any] = field(default_factory=dict)
    """Facts to add to those that are stored at the commit, so that facts of another process aren't lost."""

    def __post_init__(self) -> None:
        """Reject a final transition without an audit entry.

        Raises:
            ValueError: a transition to a final outcome has no audit entry.
        """
        if self.to in ON_RECORD and not self.entries:
            raise ValueError(f"a move to {self.to.value} brings no audit entry")
