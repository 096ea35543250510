"""Usage samples, from which `usage --since`, trends and digests are computed. Each takes one call per organization."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import structlog

from bot.commands.usage._samples import sample_of
from bot.core.records.timers import Timer
from bot.errors import BotError
from bot.pipeline.environment import Environment

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(hours=4)
BEFORE_MIDNIGHT: Final = timedelta(minutes=2)
"""The last sample of a day is taken this long before midnight. It is the one that is kept."""
AGAIN: Final = timedelta(minutes=5)


async def sample_is_due(env: Environment, timer: Timer) -> Timer | None:
    """Take a sample of an organization, and schedule the next."""
    organization, now = timer.subject, env.clock.now()
    if organization not in {*env.rules.policy.organizations, env.rules.policy.organization}:
        return None
    try:
        await take_sample(env, organization, _day_of(now))
    except BotError as error:
        log.warning("usage was not sampled", organization=organization, why=str(error))
        return timer.failed(str(error), again_at=min(now + AGAIN, next_sample(now)))
    return replace(timer, due_at=next_sample(now), attempt=0)


def next_sample(now: datetime) -> datetime:
    """Return when the next sample is due after now."""
    due = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - BEFORE_MIDNIGHT
    while due <= now:
        due += EVERY
    return due


def _day_of(now: datetime) -> date:
    return now.astimezone(UTC).date()


async def take_sample(env: Environment, organization: str, day: date) -> None:
    """Store what every database has used this month. Lists the databases only if an ID is new.

    Raises:
        BotError: Turso doesn't answer.
    """
    turso = env.turso_clients.turso(organization)
    usage = await turso.organization_usage()
    since = (day - timedelta(days=7)).isoformat()
    known = await env.store.samples.find(organization=organization, since=since, until=day.isoformat() + "~")
    names = {sample.database_id: sample.database for sample in known}
    if any(one.uuid not in names for one in usage.databases):
        listed = {one.id: one.name for one in await turso.listed()}
        # The name of a deleted database can't be found. An empty name is stored, so that it isn't looked up again.
        names = {one.uuid: listed.get(one.uuid) or names.get(one.uuid, "") for one in usage.databases}
    await env.store.samples.add(
        [sample_of(organization, names[one.uuid], one.uuid, one.usage, day.isoformat()) for one in usage.databases]
    )
