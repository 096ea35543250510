"""The delegates of approvers who are away, for cards and reminders. A press is authorized with fresh facts."""

from collections.abc import Mapping

from bot.core.model import Decision
from bot.core.policy import acts_for, is_on
from bot.pipeline.environment import Environment


async def delegates_of(env: Environment, decision: Decision, inside: frozenset[str]) -> Mapping[str, str]:
    """Return who can approve for which approver: the delegate's ID by the approver's.

    A delegate who is also an approver votes for themselves. Raises Unavailable.
    """
    delegates: dict[str, str] = {}
    policy, panel = env.rules.policy, decision.approvers
    there = panel.ids & inside
    for one in await env.store.delegations.active(env.clock.now()):
        if one.person not in there or one.delegate not in inside:
            continue
        approver = (await env.directory.subject_of(one.person, "", usergroups=frozenset())).person
        delegate = (await env.directory.subject_of(one.delegate, "", usergroups=frozenset())).person
        if not is_on(policy, panel, delegate) and acts_for(policy, panel, delegate, [approver]):
            delegates[one.person] = one.delegate
    return delegates
