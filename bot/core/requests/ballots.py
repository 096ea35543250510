"""Decide who can vote on a request now, and which recorded votes still count."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.approvers import ApproverSet
from bot.core.model import Person
from bot.core.policy import Policy, acts_for, is_on
from bot.core.requests.approval import Tally, tally
from bot.core.requests.request import Vote


@dataclass(frozen=True, slots=True)
class Ballots:
    """The votes on a request that count now. Authorization and cards use the same rules."""

    votes: tuple[Vote, ...]
    """The votes that count. `on_behalf_of` is the approver for whom a vote counts now."""
    tally: Tally


def as_of_now(
    policy: Policy, panel: ApproverSet, person: Person, approvers: Iterable[Person], vote: Vote
) -> Vote | None:
    """Return a vote as it counts now, or None if it doesn't.

    A vote of somebody who is an approver now is their own, even if they voted as a delegate. Any other vote counts for
    the approver in `on_behalf_of`.

    Args:
        approvers: the people who have chosen this person as their delegate.
    """
    if is_on(policy, panel, person):
        return replace(vote, on_behalf_of="")
    named = [one for one in approvers if one.id == vote.on_behalf_of]
    return vote if acts_for(policy, panel, person, named) is not None else None


def count(
    policy: Policy,
    panel: ApproverSet,
    votes: Iterable[Vote],
    *,
    requester: str,
    quorum: int,
    people: Mapping[str, Person],
    inside: Collection[str],
    approvers_of: Callable[[str], Iterable[Person]],
) -> Ballots:
    """Count the votes of people who may approve now and are in the channel.

    Args:
        people: the current Slack accounts of the voters, the requester and the approvers who are away. Votes of others
            don't count.
        inside: the members of the channel.
        approvers_of: returns the members of the channel who have chosen a person as their delegate.
    """
    every = list(votes)
    there = [one for one in every if one.user_id in people and one.user_id in inside]
    found = [as_of_now(policy, panel, people[one.user_id], approvers_of(one.user_id), one) for one in there]
    valid = {one.user_id: one for one in found if one is not None}
    result = tally(
        every,
        valid,
        requester,
        quorum,
        humans={user: one.human for user, one in people.items()},
        behalf={user: one.on_behalf_of for user, one in valid.items() if one.on_behalf_of},
    )
    return Ballots(tuple(valid[user] for user in (*result.approved_by, *result.denied_by)), result)


def can_approve(
    policy: Policy, panel: ApproverSet, person: Person, approvers: Sequence[Person], votes: Iterable[Vote]
) -> bool:
    """Return True if a person could approve now and has no vote that counts. A vote that doesn't may be repeated."""
    mine = [vote for vote in votes if vote.user_id == person.id]
    if any(as_of_now(policy, panel, person, approvers, vote) for vote in mine):
        return False
    return is_on(policy, panel, person) or acts_for(policy, panel, person, approvers) is not None
