"""Built-in limits, which no policy can override."""

from collections.abc import Iterable

from bot.core.approvers import ApproverSet, Groups, Standing
from bot.core.model import ChannelKind, Person, Subject
from bot.core.policy.people import Membership
from bot.core.policy.rules import Policy


def standing_of(policy: Policy, person: Person) -> Membership:
    """Return how a person belongs to the workspace. People of other workspaces are external, even guests."""
    elsewhere = bool(policy.workspaces) and bool(person.team_id) and person.team_id not in policy.workspaces
    if person.is_stranger or elsewhere:
        return Membership.EXTERNAL
    return Membership.GUEST if person.is_guest else Membership.MEMBER


def refuses_person(policy: Policy, person: Person) -> str | None:
    """Return why this person may not use the bot at all, or None."""
    if person.is_bot:
        return "Bots and workflows have no access. A person has to do this."
    if person.is_deactivated:
        return "This account is deactivated."
    standing = standing_of(policy, person)
    if standing is Membership.EXTERNAL and person.id not in policy.named.externals:
        return "People from other workspaces have no access by default."
    if standing is Membership.GUEST and person.id not in policy.named.guests:
        return "Guests have no access by default."
    return None


def named_as(policy: Policy, person: Person) -> str | None:
    """Return the reference (`guest:U0ANA`) with which the policy would give a person access.

    None for people who have access, and for those who can't get it.
    """
    if refuses_person(policy, person) is None or person.is_bot or person.is_deactivated or not person.team_id:
        return None
    return f"{'external' if standing_of(policy, person) is Membership.EXTERNAL else 'guest'}:{person.id}"


def is_on(policy: Policy, panel: ApproverSet, person: Person) -> bool:
    """Return True if a person is in the approver set `panel` now, and the built-in limits permit it."""
    return refuses_person(policy, person) is None and panel.admits(person, standing_of(policy, person))


def acts_for(policy: Policy, panel: ApproverSet, person: Person, approvers: Iterable[Person]) -> Person | None:
    """Return the first of these approvers in `panel` for whom a person may act now. None if there is none.

    Args:
        approvers: the people who have chosen the person as their delegate. Delegations aren't passed on.
    """
    if refuses_person(policy, person) is not None:
        return None
    delegate = Standing(person, standing_of(policy, person))
    for one in approvers:
        is_other = one.human != person.human
        if is_other and is_on(policy, panel, one) and panel.lets_act(Standing(one, standing_of(policy, one)), delegate):
            return one
    return None


def may_delegate_to(policy: Policy, person: Person, delegate_id: str, groups: Groups) -> bool:
    """Return True if an entry of `people` lets a person choose that delegate."""
    standing = standing_of(policy, person)
    return any(
        bool(people.includes(person, standing, groups)) and delegate_id in delegates.members(groups)
        for one in policy.people.values()
        for people, delegates in one.delegates
    )


def refuses_place(policy: Policy, subject: Subject, command: str) -> str | None:
    """Return why `command` isn't available in this conversation, or None."""
    channel = subject.channel
    if channel.kind is not ChannelKind.CHANNEL:
        if command in policy.catalogue.open_to_all:
            return None
        return "Direct messages only support `help`, `whoami` and Home. Use a channel for everything else."
    if channel.is_ext_shared:
        bound = policy.channels.get(channel.id)
        if bound is None or not bound.externally_shared:
            return "This channel is shared with another organization, so commands are turned off here."
    return None
