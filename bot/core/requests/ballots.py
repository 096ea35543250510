"""Who can vote on a request now, and which recorded votes still count."""

from collections.abc import Iterable, Sequence

from bot.core.approvers import ApproverSet
from bot.core.model import Person
from bot.core.policy import Policy, acts_for, is_on
from bot.core.requests.request import Vote


def counts(
    policy: Policy, panel: ApproverSet, person: Person, approvers: Iterable[Person], *, on_behalf_of: str
) -> bool:
    """Return True if a vote counts now: as an approver's own, or for the approver whom it names.

    Args:
        approvers: the people who have made this person their delegate.
    """
    if not on_behalf_of:
        return is_on(policy, panel, person)
    named = [one for one in approvers if one.id == on_behalf_of]
    return acts_for(policy, panel, person, named) is not None


def can_approve(
    policy: Policy, panel: ApproverSet, person: Person, approvers: Sequence[Person], votes: Iterable[Vote]
) -> bool:
    """Return True if a person could approve now and has no vote that counts. A vote that is void may be repeated."""
    mine = [vote for vote in votes if vote.user_id == person.id]
    if any(counts(policy, panel, person, approvers, on_behalf_of=vote.on_behalf_of) for vote in mine):
        return False
    return is_on(policy, panel, person) or acts_for(policy, panel, person, approvers) is not None
