"""Digests that come by themselves, and the samples of usage that they and `usage --since` are made of."""

from dataclasses import replace
from datetime import UTC
from typing import Final

import structlog

from bot.commands.base import Context
from bot.commands.digest_schedule import length, next_due, period_name
from bot.commands.digests import digest
from bot.commands.usage_organization import samples_of
from bot.core.model import Channel, Person, Subject
from bot.core.request import Digest, Timer
from bot.errors import BotError
from bot.pipeline.environment import Environment

log = structlog.get_logger(__name__)

SAMPLE_HOURS: Final = 4
"""How often a day's sample is taken anew: the last one of a day is what counts."""


async def digest_is_due(env: Environment, timer: Timer) -> Timer | None:
    """Post a channel's digest once for its period, and set the next. A channel that fails does not stop the others."""
    kept = await env.memory.digest(timer.subject)
    if kept is None:
        return None
    now = env.clock.now()
    if kept.next_at > now:
        return replace(timer, due_at=kept.next_at)
    period = period_name(kept, kept.next_at)
    following = replace(kept, next_at=next_due(kept, now), last_period=period)
    await env.memory.set_digest(following)  # before it is posted: a crash between loses one, none comes twice
    if period != kept.last_period:
        await _post(env, kept)
    return replace(timer, due_at=following.next_at, attempt=0)


async def _post(env: Environment, kept: Digest) -> None:
    try:
        ctx = await _context(env, kept)
        reply = await digest(ctx, length(kept))
        if await env.messenger.post(kept.channel_id, reply) is None:
            log.warning("a digest has nowhere to go", channel=kept.channel_id)
    except BotError as error:
        log.warning("a digest was not posted", channel=kept.channel_id, why=str(error))


async def _context(env: Environment, kept: Digest) -> Context:
    """Stand in the channel itself: a digest outlives whoever turned it on."""
    policy = env.rules.policy
    somebody = Person(kept.by, next(iter(policy.workspaces), ""))
    try:
        found = await env.directory.subject_of(kept.by, kept.channel_id, usergroups=frozenset())
        subject = replace(found, person=replace(somebody, team_id=found.person.team_id))
    except BotError:
        subject = Subject(somebody, Channel(kept.channel_id))
    return env.context(subject, organization=kept.organization, line="digest now")


async def take_samples(env: Environment) -> None:
    """Write down what every database of every organization has used this month: two calls an organization."""
    policy = env.rules.policy
    day = env.clock.now().astimezone(UTC).date()
    for organization in {*policy.organizations, policy.organization} - {""}:
        try:
            turso = env.doors.turso(organization)
            usage = await turso.organization_usage()
            await env.memory.add_samples(samples_of(organization, await turso.listed(), usage, day))
        except BotError as error:
            log.warning("usage was not sampled", organization=organization, why=str(error))
