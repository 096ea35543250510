"""Usage samples, from which `usage --since`, trends, digests and alerts are computed.

A sample of an organization takes one call to Turso. Its databases are also listed if the name of one is unknown.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.commands.usage._samples import sample_of
from bot.core.alerts.hours import BEFORE_THE_HOUR, HOUR, LATE, due_at, growth
from bot.core.records.timers import Timer
from bot.core.records.usage import UsageReading, UsageSample
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.timers.alerts import decide_alerts, end_unwatched, spiking, subscriptions_of
from bot.turso.ids import made_at
from bot.turso.models import OrganizationUsage, Usage

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(hours=4)
PAUSE: Final = timedelta(minutes=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
KNOWN_FOR: Final = timedelta(days=7)
"""How old the samples are from which the names of databases are taken. Other names are read from Turso."""


async def take_due_sample(env: Environment, timer: Timer) -> Timer | None:
    """Take a sample of an organization, decide on its alerts, and schedule the next sample. Safe to run again.

    For an organization that is no longer in the policy, end its alerts and schedule nothing.
    """
    organization, now = timer.subject, env.clock.now()
    if organization not in env.rules.policy.organizations_used:
        await end_unwatched(env, organization)
        return None
    wanted = await subscriptions_of(env, organization)
    following = next_sample(now, HOUR if wanted else EVERY)
    # After a restart, all work is late for a moment, which is no failure.
    decide = partial(decide_alerts, env, organization, wanted, in_time=now - timer.due_at <= LATE)
    try:
        await (take_reading(env, organization) if wanted else take_sample(env, organization, _day_of(now)))
    except BotError as error:
        log.warning("usage was not sampled", organization=organization, why=str(error))
        with suppress(BotError):  # what is known is decided now
            await decide()
        return _again(timer, str(error), now, following)
    try:
        await decide()
    except BotError as error:
        log.warning("some alerts were not decided on", organization=organization, why=str(error))
        return _again(timer, str(error), now, following)
    return replace(timer, due_at=following, attempt=0, failures=0, cause="")


def _again(timer: Timer, why: str, now: datetime, following: datetime) -> Timer:
    """Return the timer for another attempt, which is due after a growing pause or with the next sample."""
    pause = min(PAUSE * 2 ** min(timer.attempt, 10), LONGEST_PAUSE)
    return timer.failed(why, again_at=min(now + pause, following))


def next_sample(now: datetime, every: timedelta) -> datetime:
    """Return when the next sample is due. The last sample of a day, which is kept, is due just before midnight."""
    due = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - BEFORE_THE_HOUR
    while due <= now:
        due += every
    return due


def _day_of(now: datetime) -> date:
    return now.astimezone(UTC).date()


async def take_sample(env: Environment, organization: str, day: date) -> None:
    """Store what every database has used this month. Databases are listed if one is new.

    They are also listed once a day if one has no name: it wasn't listed when it was new, or was deleted.

    Raises:
        BotError: Turso doesn't respond.
    """
    usage = await env.turso_clients.turso(organization).organization_usage()
    known = await _known(env, organization, day)
    await env.store.samples.add(await _samples(env, organization, usage, known, day))


async def take_reading(env: Environment, organization: str) -> None:
    """Store what every database has used this month and in the last hour, unless this hour is already stored.

    Raises:
        BotError: Turso doesn't respond.
    """
    at = due_at(env.clock.now())
    readings = await env.store.samples.readings(organization=organization, since=at - HOUR)
    if any(one.at == at for one in readings):
        return
    usage = await env.turso_clients.turso(organization).organization_usage()
    now = env.clock.now()
    known = await _known(env, organization, _day_of(now))
    samples = await _samples(env, organization, usage, known, _day_of(now))
    reading = UsageReading(
        organization,
        at,
        now,
        rows_read=_total(usage, "rows_read"),
        rows_written=_total(usage, "rows_written"),
        bytes_synced=_total(usage, "bytes_synced"),
        storage_bytes=_total(usage, "storage_bytes"),
    )
    newest = max((one.day for one in known), default="")
    before = {one.database_id: one for one in known if one.day == newest}
    found, is_complete = growth(
        readings[-1] if readings else None,
        reading,
        before,
        {one.database_id: one for one in samples},
        made_at,
        watched=await spiking(env, organization),
    )
    await env.store.samples.add_reading(replace(reading, is_complete=is_complete), found, samples)


def _total(usage: OrganizationUsage, name: str) -> int | None:
    """Return Turso's total. If there is none, return the sum over the databases. None if that is unknown, too."""
    total: int | None = getattr(usage.usage, name)
    return total if total is not None else getattr(Usage.sum(one.usage for one in usage.databases), name)


async def _known(env: Environment, organization: str, day: date) -> Sequence[UsageSample]:
    """Return the samples of the last days. Samples of digests, whose `day` has a time, are left out."""
    since = (day - KNOWN_FOR).isoformat()
    samples = await env.store.samples.find(organization=organization, since=since, until=day.isoformat() + "~")
    return [one for one in samples if len(one.day) == len(since)]


async def _samples(
    env: Environment, organization: str, usage: OrganizationUsage, known: Sequence[UsageSample], day: date
) -> list[UsageSample]:
    """Return the sample of each database, with its name."""
    today = day.isoformat()
    names: Mapping[str, str] = {one.database_id: one.database for one in known if one.database or one.day == today}
    if any(one.uuid not in names for one in usage.databases):
        listed = {one.id: one.name for one in await env.turso_clients.turso(organization).listed()}
        # The name of a deleted database can't be found. An empty name is stored, so that it is looked up once a day.
        names = {one.uuid: listed.get(one.uuid) or names.get(one.uuid, "") for one in usage.databases}
    return [sample_of(organization, names[one.uuid], one.uuid, one.usage, today) for one in usage.databases]
