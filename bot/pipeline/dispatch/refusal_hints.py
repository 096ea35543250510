"""Hints for a person whose action is denied: another channel, a change of the policy, or an incident."""

import asyncio
from dataclasses import replace
from typing import Final

from bot.blocks.text import Mrkdwn, channel, joined, listed, mrkdwn
from bot.commands.incidents import incident_start
from bot.core.model import Action, Channel, Subject, Verdict
from bot.core.policy import named_as
from bot.errors import BotError, Unavailable
from bot.pipeline.authorization.decision import Forbidden, judge
from bot.pipeline.environment import Environment

NAMED: Final = 3
CHANNELS_AT_MOST: Final = 20
"""The maximum number of other channels in which the same action is decided."""
SECONDS: Final = 2.0
UNKNOWN: Final = mrkdwn("Another channel may allow this.")
TO_ADD: Final = mrkdwn("`/turso whoami` shows what an admin can add.")
NONE: Final = mrkdwn("None of your other channels allow this. Ask an admin to change the policy.")


async def hint_for(env: Environment, error: BotError, reader: str) -> Mrkdwn:
    """Return what could help the person who reads a refusal of their own action.

    Empty for other errors, and if neither another channel nor a name in the policy could allow the action. If Slack
    doesn't return the reader's channels, none are named. The hint is only for the reader, so it isn't part of
    the reason, which others can read in the audit log.
    """
    if not isinstance(error, Forbidden) or error.subject is None or error.subject.person.id != reader:
        return Mrkdwn("")
    if name := named_as(env.rules.policy, error.subject.person):
        return mrkdwn("Ask an admin to add `{}` to the policy.", name)
    if not error.decision.elsewhere:
        return Mrkdwn("")
    subject = error.subject
    here, there = await _incident_is_over(env, subject, error.action), await _elsewhere(env, subject, error.action)
    if here and there in (NONE, UNKNOWN):
        return here
    to_add = TO_ADD if not here and env.rules.policy.binding(subject) is None else Mrkdwn("")
    return joined(" ", (here, to_add, there))


async def _incident_is_over(env: Environment, subject: Subject, action: Action) -> Mrkdwn:
    """Suggest a new incident if the last one has ended, and if its profile wouldn't deny the action.

    Empty if they may neither start an incident nor request one, or if the store doesn't respond.
    """
    try:
        last = await env.store.incidents.last_in(subject.channel.id) if subject.channel.id else None
    except Unavailable:
        last = None
    profile = env.rules.policy.profile_of(last) if last else None
    if last is None or profile is None or subject.incident_profile is not None:
        return Mrkdwn("")
    wanted = (replace(subject, incident_profile=profile), action), (subject, Action(incident_start.command.name))
    if any(judge(env, who, what).verdict is Verdict.DENY for who, what in wanted):
        return Mrkdwn("")
    start = mrkdwn("Start another with `/turso incident start KEY`.")
    return mrkdwn("Incident `{}` has ended, so its permissions no longer apply. {}", last.key, start)


async def _elsewhere(env: Environment, subject: Subject, action: Action) -> Mrkdwn:
    try:
        async with asyncio.timeout(SECONDS):
            channels = await _allowing(env, subject, action)
    except (BotError, TimeoutError):
        return UNKNOWN
    if not channels:
        return NONE
    named = [channel(one) for one in channels[:NAMED]]
    if len(channels) > NAMED:
        return mrkdwn("You can use this command in {} and other channels.", listed(named))
    return mrkdwn("You can use this command in {}.", listed(named, last="or"))


async def _allowing(env: Environment, subject: Subject, action: Action) -> list[str]:
    """Return other channels of the subject that the policy names and whose rules let them request the action."""
    policy, person = env.rules.policy, subject.person
    there = {one.id: one for one in await env.directory.channels_of(person.id)}
    bound = sorted(one for one in policy.channels if one in there and one != subject.channel.id)[:CHANNELS_AT_MOST]
    groups = frozenset[str]().union(*(policy.groups_in(one) for one in bound))
    known = (await env.directory.subject_of(person.id, "", usergroups=groups)).groups if groups else {}

    async def allows(place: Channel) -> bool:
        stands = await env.with_incident(Subject(person, place, known))
        return judge(env, stands, action).verdict is not Verdict.DENY

    return [one for one in bound if await allows(there[one])]
