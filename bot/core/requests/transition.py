"""What is committed together with a change of a request's state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold
from bot.core.records.incidents import Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.request import ON_RECORD, State, Vote


@dataclass(frozen=True, slots=True)
class Closing:
    """A quarantine that ends with the move of another request, if it still waits then."""

    request_id: str
    outcome: str
    """One sentence for its people."""
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens in the ledger that a rotation revoked: those of some databases that were minted before it."""

    database_ids: Sequence[str]
    to: TokenState
    """`REVOKED`: Turso has accepted it. `ENDED`: the database was seen to refuse them."""
    minted_before: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """What is committed in one transaction together with a change of a request's state."""

    to: State
    at: datetime
    changes: Mapping[str, Any]
    """Other fields of `Request` to set: `outcome`, `facts`, `due_at`, `expires_at`, `card_ts`."""
    entries: Sequence[AuditEntry] = ()
    """For the audit log. A move to an end (`ON_RECORD`) brings one at least."""
    timers: Sequence[Timer] = ()
    cancel: Sequence[TimerKind] = ()
    """Timers about this request that are no longer due."""
    enqueue: str | None = None
    """The phase whose workflow `<request>:<phase>` starts with this commit: `execute`, `finish`, `undo`."""
    holds: Sequence[Hold] = ()
    """Placed with this commit. While a quarantine of the object is open, another one makes the whole move fail."""
    release_holds: Sequence[str] = ()
    closes: Sequence[Closing] = ()
    """Quarantines that become stale, with their holds and timers, before the new holds are placed."""
    end_tokens_of: Sequence[str] = ()
    """`DbId`s that are gone: their tokens in the ledger end."""
    revokes: Sequence[Revocation] = ()
    reviews: Sequence[Review] = ()
    votes: Sequence[Vote] = ()
    is_told: bool = True
    """Its people are told of this end; False: it is a step on the way, of which they were told before."""
    only_unsent: bool = False
    """Not once anything of the request was handed to Turso. What it had prepared, such as its holds and the review that
    it would owe, goes with it."""

    def __post_init__(self) -> None:
        """Refuse an end that the audit log would not have.

        Raises:
            ValueError: a move to an end brings no audit entry.
        """
        if self.to in ON_RECORD and not self.entries:
            raise ValueError(f"a move to {self.to.value} brings no audit entry")
