"""Where a request may go from where it is, and when enough people have approved."""

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
        State.UNKNOWN: frozenset({State.SUCCEEDED, State.FAILED, State.QUARANTINED, State.RESTORED}),
    }
)
"""Every move there is. APPROVED and EXECUTING may still end as if nothing was approved, before anything is sent."""

FINAL: Final = frozenset(state for state in State if state not in TRANSITIONS)
"""States that nothing leaves."""
OPEN: Final = frozenset({State.PENDING, State.READY})
"""States that wait for a person."""


def may_transition(start: State, end: State) -> bool:
    """Say whether a request may go from `start` to `end`."""
    return end in TRANSITIONS.get(start, frozenset())


def sources(end: State) -> tuple[State, ...]:
    """Return the states from which `end` can be reached in one move: what a compare-and-set expects."""
    return tuple(start for start, ends in TRANSITIONS.items() if end in ends)


@dataclass(frozen=True, slots=True)
class Tally:
    """How the votes on a request stand."""

    approved_by: tuple[str, ...]
    """Distinct people whose approval counts, the earliest first."""
    denied_by: tuple[str, ...]
    """Distinct people whose refusal counts."""
    discounted: tuple[str, ...]
    """Who voted but may not, or may no longer."""
    quorum: int

    @property
    def approvals(self) -> int:
        """Return how many have approved."""
        return len(self.approved_by)

    @property
    def reached(self) -> bool:
        """Return True once enough people have approved and none has denied."""
        return not self.denied_by and self.quorum > 0 and self.approvals >= self.quorum

    @property
    def denied(self) -> bool:
        """Return True once there is a denial: one is enough."""
        return bool(self.denied_by)

    @property
    def missing(self) -> int:
        """Return how many more must approve."""
        return max(0, self.quorum - self.approvals)


def tally(
    votes: Iterable[Vote],
    approvers: Collection[str],
    requester: str,
    quorum: int,
    *,
    recipient: str | None = None,
    humans: Mapping[str, str] | None = None,
) -> Tally:
    """Count votes.

    Args:
        approvers: who may approve *now*; a vote of somebody who is not among them any more does not count.
        requester: never counts, nor does `recipient`, the one who gets a token.
        humans: whose account each id is: somebody with two ids counts once, and never for themselves.
    """
    first: dict[str, Vote] = {}
    for vote in sorted(votes, key=lambda one: one.at):
        first.setdefault(vote.user_id, vote)
    whose = humans or {}
    seen = {whose.get(user, user) for user in (requester, recipient) if user}
    counting: dict[str, Vote] = {}
    for user, vote in first.items():
        if user in approvers and (human := whose.get(user, user)) not in seen:
            seen.add(human)
            counting[user] = vote
    return Tally(
        approved_by=tuple(user for user, vote in counting.items() if vote.approves),
        denied_by=tuple(user for user, vote in counting.items() if not vote.approves),
        discounted=tuple(user for user in first if user not in counting),
        quorum=quorum,
    )
