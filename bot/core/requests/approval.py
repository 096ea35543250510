"""The transitions between a request's states, and the count of its votes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.core.requests.request import State, Vote

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.PENDING: frozenset(
            {State.APPROVED, State.READY, State.DENIED, State.EXPIRED, State.CANCELLED, State.STALE}
        ),
        State.APPROVED: frozenset({State.EXECUTING, State.STALE, State.DENIED, State.CANCELLED, State.EXPIRED}),
        State.READY: frozenset({State.EXECUTING, State.EXPIRED, State.CANCELLED, State.DENIED, State.STALE}),
        State.EXECUTING: frozenset(
            {State.QUARANTINED, State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.STALE, State.RESTORED}
            | {State.DENIED, State.CANCELLED, State.EXPIRED}
        ),
        State.QUARANTINED: frozenset({State.EXECUTING, State.RESTORED, State.STALE, State.UNKNOWN, State.FAILED}),
        State.UNKNOWN: frozenset(
            {State.SUCCEEDED, State.FAILED, State.QUARANTINED, State.RESTORED}
            # The requester of a token may press Reveal again.
            | {State.EXECUTING, State.STALE}
        ),
    }
)
"""All transitions to another state. APPROVED and EXECUTING may end as DENIED, for example, before anything is sent.

The code that moves a request doesn't read this. It passes the states that it expects to the store, and the scenarios
compare these with this table.
"""

FINAL: Final = frozenset(state for state in State if state not in TRANSITIONS)
"""States without a further transition."""
OPEN: Final = frozenset({State.PENDING, State.READY})
"""States that wait for a person."""


def may_transition(start: State, end: State) -> bool:
    """Return True if a request may change from `start` to `end`."""
    return end in TRANSITIONS.get(start, frozenset())


def sources(end: State) -> tuple[State, ...]:
    """Return the states that may change to `end`."""
    return tuple(start for start, ends in TRANSITIONS.items() if end in ends)


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of the votes on a request."""

    approved_by: tuple[str, ...]
    """The people whose approvals count, the earliest first."""
    denied_by: tuple[str, ...]
    """The people whose denials count."""
    discounted: tuple[str, ...]
    """The people whose votes don't count, or don't count anymore."""
    quorum: int

    @property
    def approvals(self) -> int:
        """Return the number of approvals."""
        return len(self.approved_by)

    @property
    def reached(self) -> bool:
        """Return True if there are enough approvals and no denial."""
        return not self.denied_by and self.quorum > 0 and self.approvals >= self.quorum

    @property
    def denied(self) -> bool:
        """Return True if anybody whose vote counts has denied. One denial is enough."""
        return bool(self.denied_by)

    @property
    def missing(self) -> int:
        """Return the number of missing approvals."""
        return max(0, self.quorum - self.approvals)


def tally(
    votes: Iterable[Vote],
    approvers: Collection[str],
    requester: str,
    quorum: int,
    *,
    recipient: str | None = None,
    humans: Mapping[str, str] | None = None,
    behalf: Mapping[str, str] | None = None,
) -> Tally:
    """Count the votes on a request.

    Args:
        approvers: the IDs of people who may approve *now*. Votes of others don't count.
        requester: their votes never count. Nor do those of `recipient`, the person who gets a token.
        humans: the same ID for all IDs of one person, who counts once, and never for their own request.
        behalf: the approver on whose behalf a voter voted. The two count once together.
    """
    first: dict[str, Vote] = {}
    for vote in sorted(votes, key=lambda one: one.at):
        first.setdefault(vote.user_id, vote)
    whose = humans or {}
    seen = {whose.get(user, user) for user in (requester, recipient) if user}
    counting: dict[str, Vote] = {}
    for user, vote in first.items():
        ids = {user, (behalf or {}).get(user, user)}
        people = {whose.get(one, one) for one in ids}
        if user in approvers and not people & seen:
            seen |= people
            counting[user] = vote
    return Tally(
        approved_by=tuple(user for user, vote in counting.items() if vote.approves),
        denied_by=tuple(user for user, vote in counting.items() if not vote.approves),
        discounted=tuple(user for user in first if user not in counting),
        quorum=quorum,
    )
