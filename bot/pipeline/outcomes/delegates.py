"""The delegates of approvers who are away, for cards and reminders. A press is authorized with fresh facts."""

from collections.abc import Collection, Mapping

from bot.core.model import Decision, Person
from bot.core.policy import acts_for, is_on
from bot.core.records.delegations import Delegation
from bot.core.requests.decision import decide_request
from bot.core.requests.request import Request
from bot.pipeline.environment import Environment


async def delegates_of(env: Environment, decision: Decision, inside: Collection[str]) -> Mapping[str, str]:
    """Return the delegates who can approve on behalf of an approver: the delegate's ID by the approver's.

    Delegates who are approvers themselves are left out. Raises Unavailable.
    """
    delegates: dict[str, str] = {}
    there = decision.approvers.ids & frozenset(inside)
    for one in await env.store.delegations.active(env.clock.now()):
        if one.person in there and one.delegate in inside:
            is_approver, acts = await _rights_of(env, decision, one)
            if acts and not is_approver:
                delegates[one.person] = one.delegate
    return delegates


async def delegates_to_notify(env: Environment, request: Request, people: Collection[str]) -> list[str]:
    """Return the delegates of these people who can decide on the request now.

    Raises:
        Unavailable: Slack doesn't respond.
    """
    active = await env.store.delegations.active(env.clock.now())
    named = [one for one in active if one.person in people and one.delegate != request.requester]
    if not named:
        return []
    inside = await env.directory.inside(request.channel_id)
    decision = decide_request(env.rules.policy, await env.requester_of(request), request)
    return [one.delegate for one in named if one.delegate in inside and any(await _rights_of(env, decision, one))]


async def _rights_of(env: Environment, decision: Decision, one: Delegation) -> tuple[bool, bool]:
    """Return whether a delegate is an approver, and whether they can act on behalf of the person who is away."""
    policy, panel = env.rules.policy, decision.approvers
    approver, delegate = await _person(env, one.person), await _person(env, one.delegate)
    return is_on(policy, panel, delegate), acts_for(policy, panel, delegate, [approver]) is not None


async def _person(env: Environment, user_id: str) -> Person:
    return (await env.directory.subject_of(user_id, "", usergroups=frozenset())).person
