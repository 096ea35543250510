"""What would help somebody who is refused: another channel, of those that they are in, or a line of the policy."""

import asyncio
from typing import Final

from bot.blocks.text import Mrkdwn, channel, joined, mrkdwn
from bot.core.model import Action, Channel, Subject, Verdict
from bot.core.policy import named_as
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.judging import Forbidden, judge

NAMED: Final = 3
LOOKED_AT: Final = 20
"""Channels of the policy in which the same question is asked at most."""
SECONDS: Final = 2.0
UNKNOWN: Final = mrkdwn("Another channel may allow it.")
NONE: Final = mrkdwn("No other channel that you are in allows it: ask those who keep the policy.")


async def what_helps(env: Environment, error: BotError, reader: str) -> Mrkdwn:
    """Say what would help the reader of a refusal; empty where nothing is known to.

    Only Slack says which channels they are in, and it is asked now. While it does not say, none is named. What is said
    here is for the reader alone: it is not part of the reason, which others read in the audit log.
    """
    if not isinstance(error, Forbidden) or error.subject is None or error.subject.person.id != reader:
        return Mrkdwn("")
    if name := named_as(env.rules.policy, error.subject.person):
        return mrkdwn("Ask an admin to add `{}`.", name)
    if not error.decision.elsewhere:
        return Mrkdwn("")
    try:
        async with asyncio.timeout(SECONDS):
            found = await _allowing(env, error.subject, error.action)
    except (BotError, TimeoutError):
        return UNKNOWN
    if not found:
        return NONE
    more = " and others" if len(found) > NAMED else ""
    return mrkdwn("You can in {}{}.", joined(", ", (channel(one) for one in found[:NAMED])), more)


async def _allowing(env: Environment, subject: Subject, action: Action) -> list[str]:
    """Return the channels of the policy, of those that the subject is in, whose rules let them ask for it."""
    policy, person = env.rules.policy, subject.person
    there = {one.id: one for one in await env.directory.channels_of(person.id)}
    bound = sorted(one for one in policy.channels if one in there and one != subject.channel.id)[:LOOKED_AT]
    groups = frozenset[str]().union(*(policy.usergroups_in(one) for one in bound))
    known = (await env.directory.subject_of(person.id, "", usergroups=groups)).groups if groups else {}

    async def allows(place: Channel) -> bool:
        stands = await env.with_incident(Subject(person, place, known))
        return judge(env, stands, action).verdict is not Verdict.DENY

    return [one for one in bound if await allows(there[one])]
