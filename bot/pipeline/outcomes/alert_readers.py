"""Find the person on whose permissions a channel's alerts depend. The channel may read what they may see there."""

from dataclasses import replace
from typing import Final

from bot.commands.alerts import alert_list
from bot.commands.base import Context
from bot.commands.usage import usage
from bot.core.alerts import AlertSubscription
from bot.core.model import Action
from bot.core.oncall import not_said
from bot.errors import Unavailable
from bot.pipeline.authorization.anybody import facts_of, people_for
from bot.pipeline.authorization.decision import may_be_shown
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import may_be_seen

SHOWN: Final = Action(alert_list.command.name)
USAGE: Final = Action(usage.command.name)
"""The permission that people need to turn on alerts in a channel: to see the usage of its databases."""


async def reader_of(env: Environment, subscription: AlertSubscription, *, fresh: bool = True) -> Context | None:
    """Return the context in which alerts may be shown in their channel now. None if that isn't allowed.

    Alerts that a person turned on depend on that person's permissions, even after they have left. Alerts of the policy
    file depend on those of any member or, if members without a rule of their own may not see alerts, of the first
    person in the channel who may.

    Raises:
        Unavailable: Slack, or a service with on-call schedules, didn't return something that the decision needs.
    """
    bound = env.rules.policy.channels.get(subscription.channel_id)
    if bound is None or bound.organization != subscription.organization:
        return None
    if not await may_be_seen(env, subscription.channel_id, fresh=fresh):
        return None
    if subscription.is_from_policy:
        facts = await facts_of(env, subscription.channel_id)
        people, groups, is_known = await people_for(env, facts, SHOWN), facts.groups, facts.channel_members is not None
    else:
        author = await env.subject_in(subscription.author, subscription.channel_id)
        author = replace(author, person=replace(author.person, is_deactivated=False))
        people, groups, is_known = iter([author]), author.groups, True
    actions = [SHOWN] if subscription.is_from_policy else [SHOWN, USAGE]
    for one in people:
        if all(may_be_shown(env, one, action, subscription.organization) for action in actions):
            return env.context(one, command=SHOWN.command, organization=subscription.organization)
    if unknown := [group for group, members in groups.items() if members is None]:
        raise Unavailable(f"{not_said(unknown)}.")
    if not is_known:
        raise Unavailable("I couldn't look up the channel's members in Slack.")
    return None
