"""Decide on an organization's alerts after each usage sample, from current facts."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from bot.commands._existing_databases import keep_listed
from bot.commands._rights import unknown_here
from bot.commands.alerts._visibility import AlertVisibility, ListedDatabases, NotListed
from bot.core.alerts import Alert, AlertEnd, AlertKind, AlertSubscription, Measure, merged
from bot.core.alerts.database_states import concern_databases
from bot.core.alerts.evaluation import end_open, evaluate
from bot.core.alerts.facts import Facts
from bot.core.alerts.hours import FLOWS, History, due_at, value_of
from bot.core.alerts.spikes import LEAST, hours_needed
from bot.core.alerts.states import Shown
from bot.core.records.timers import TimerKind
from bot.core.records.usage import UsageReading, UsageSample
from bot.errors import BotError, Unavailable
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes.alert_notices import PREFIX, is_alert
from bot.pipeline.outcomes.alert_readers import reader_of
from bot.turso.ids import made_at
from bot.turso.models import Listing

log = structlog.get_logger(__name__)

LOOKS_BACK: Final = timedelta(days=36)
"""The maximum age of the readings from which alerts are decided: five weeks and a day."""
REMEMBERS: Final = timedelta(days=40)
"""The maximum age of the alerts that are loaded, so that none is posted twice in a billing period."""
LATE: Final = timedelta(minutes=15)
FAILS: Final = 3
"""How many times scheduled work must have failed in a row to cause an alert."""
NOTIFIED_SINCE: Final = timedelta(days=7)


async def subscriptions_of(env: Environment, organization: str) -> list[AlertSubscription]:
    """Return the subscriptions to an organization's alerts, from people's commands and the policy file."""
    stored, mutes = await env.store.alerts.stored_subscriptions(), await env.store.alerts.mutes(env.clock.now())
    return merged(stored, env.rules.policy.alerts, mutes, organization=organization)


async def decide_alerts(
    env: Environment, organization: str, wanted: Sequence[AlertSubscription], *, in_time: bool = True
) -> None:
    """Raise and end the alerts of an organization. Safe to run twice, because the store raises and ends each only once.

    If it isn't known what a channel may see, its alerts are raised, and their delivery waits until that is known. So a
    spike of one hour isn't lost.

    Args:
        in_time: False if the sample is late, for example after a restart. Then failing, late or undelivered work of the
            bot itself causes no alert.
    Raises:
        Unavailable: Turso didn't return something that is needed. Everything else was decided, and the caller should
            try again.
    """
    now = env.clock.now()
    known = await env.store.alerts.since(now - REMEMBERS, organization=organization)
    listening = {one.channel_id for one in wanted}
    await _end(env, end_open((one for one in known if one.channel_id not in listening), AlertEnd.OFF))
    if not wanted:
        return
    targets = _Targets(env, organization)
    facts = await _of_existing(await _facts(env, organization, wanted, known, in_time=in_time), targets)
    for subscription in wanted:
        mine = [one for one in known if one.channel_id == subscription.channel_id]
        try:
            shown = await _shown_in(env, subscription, targets)
        except BotError as error:
            log.warning("alerts wait until their readers are known", channel=subscription.channel_id, why=str(error))
            shown = _any_named
        if shown is None:
            await _end(env, end_open(mine, AlertEnd.UNWATCHED))
            continue
        changes = evaluate(subscription, facts, mine, shown=shown, new_id=lambda: new_id(PREFIX))
        await _end(env, changes.ended)
        for alert in changes.raised:
            if await env.store.alerts.raise_once(alert):
                log.info(
                    "alert.raised", alert=alert.id, kind=alert.kind, measure=alert.measure, channel=alert.channel_id
                )
    if missing := _missing(facts, wanted):
        raise Unavailable(missing)


def _missing(facts: Facts, wanted: Sequence[AlertSubscription]) -> str:
    """Return a sentence about a fact that is needed, but couldn't be fetched. Empty if there is none."""
    if facts.reading is not None and facts.reading.limits is None and _need_quotas(wanted):
        return "Turso didn't return the plan's quotas, so alerts about them are delayed."
    if facts.tokens is None:
        return "Turso didn't list the databases, so alerts about tokens and freezes are delayed."
    return ""


def _need_quotas(wanted: Sequence[AlertSubscription]) -> bool:
    return any(one.quota or one.forecast for one in wanted)


async def spiking(env: Environment, organization: str) -> frozenset[str]:
    """Return the `DbId`s of the databases with open alerts about a spike. Ending these alerts needs their usage."""
    open_ones = await env.store.alerts.open(organization=organization)
    return frozenset(one.subject_id for one in open_ones if one.kind is AlertKind.SPIKE)


async def end_unwatched(env: Environment, organization: str) -> None:
    """End the alerts of an organization that is no longer in the policy."""
    open_ones = await env.store.alerts.open(organization=organization)
    await _end(env, end_open(open_ones, AlertEnd.UNWATCHED))


async def _end(env: Environment, ended: Mapping[str, AlertEnd]) -> None:
    for alert_id, how in ended.items():
        if await env.store.alerts.end(alert_id, env.clock.now(), how):
            log.info("alert.ended", alert=alert_id, how=how)


async def _facts(
    env: Environment,
    organization: str,
    wanted: Sequence[AlertSubscription],
    known: Sequence[Alert],
    *,
    in_time: bool,
) -> Facts:
    """Fetch the current facts of an organization. Facts that can't be fetched are None or empty."""
    now = env.clock.now()
    readings = await env.store.samples.readings(organization=organization, since=now - LOOKS_BACK)
    is_current = bool(readings) and readings[-1].at == due_at(now)
    facts = Facts(
        organization,
        now,
        readings=readings,
        tokens=await env.store.tokens.find(organization=organization, live_at=now),
        holds=await env.store.holds.find(organization=organization),
        failures=await _failures(env) if in_time else None,
    )
    if not is_current:
        return facts
    facts = replace(facts, reading=readings[-1], databases=await _databases(env, organization))
    if _need_quotas(wanted):
        *earlier, last = readings
        reading = await _with_limits(env, last)
        facts = replace(facts, reading=reading, readings=[*earlier, reading])
    if any(one.spike is not None for one in wanted):
        spiking = [one.subject_id for one in known if one.kind is AlertKind.SPIKE and one.is_open]
        busiest, history = await _history(env, organization, readings, spiking)
        facts = replace(facts, busiest=busiest, history=history)
    return facts


async def _of_existing(facts: Facts, targets: "_Targets") -> Facts:
    """Leave out the tokens and freezes of databases that no longer exist, as digests and Home do.

    Databases are listed only if tokens or freezes may cause an alert. If Turso doesn't respond, both become unknown.
    """
    if facts.tokens is None or facts.holds is None or not concern_databases(facts):
        return facts
    listing = await targets.listing()
    if listing is None:
        return replace(facts, tokens=None, holds=None)
    return replace(facts, tokens=keep_listed(facts.tokens, listing), holds=keep_listed(facts.holds, listing))


async def _databases(env: Environment, organization: str) -> list[UsageSample]:
    """Return the samples of the newest day. Samples of digests, whose `day` has a time, are left out."""
    today, yesterday = env.clock.now().date(), env.clock.now().date() - timedelta(days=1)
    found = await env.store.samples.find(
        organization=organization, since=yesterday.isoformat(), until=today.isoformat()
    )
    days = [one.day for one in found if len(one.day) == len(today.isoformat())]
    return [one for one in found if days and one.day == max(days)]


async def _with_limits(env: Environment, reading: UsageReading) -> UsageReading:
    """Return a reading with the plan's quotas. If it doesn't have them yet, they are read from Turso and stored."""
    if reading.limits is not None:
        return reading
    limits = await _limits(env, reading.organization)
    if limits is not None:
        await env.store.samples.set_limits(reading, limits)
    return replace(reading, limits=limits)


async def _limits(env: Environment, organization: str) -> Mapping[str, int] | None:
    """Return the plan's quotas by measure, with 0 for no limit. What Turso doesn't say is left out.

    Returns:
        None if Turso didn't respond.
    """
    try:
        found = await env.turso_clients.turso(organization).quotas()
    except BotError as error:
        log.info("the plan is not known", organization=organization, why=str(error))
        return None
    if found is None:
        log.warning("the plan is not known", organization=organization, why="Turso lists no such plan, or no quotas.")
        return {}
    said = [one for one in (*FLOWS, Measure.STORAGE) if one.value in found.model_fields_set]
    return {one.value: value_of(found, one) or 0 for one in said}


async def _history(
    env: Environment, organization: str, readings: Sequence[UsageReading], spiking: Sequence[str]
) -> tuple[list[str], History]:
    """Return the databases that may have a spike now, and the past usage with which spikes are decided."""
    at, samples = readings[-1].at, env.store.samples
    grown = await samples.growth(organization=organization, at=[at])
    busiest = [one.database_id for one in grown if any((value_of(one, each) or 0) >= LEAST[each] for each in FLOWS)]
    watched, hours = sorted({*busiest, *spiking}), hours_needed(at)
    found = await samples.growth(organization=organization, at=hours, database_ids=watched) if watched else []
    by_hour = {one.at: one for one in readings}
    return busiest, History(
        {hour: by_hour[hour] for hour in hours if hour in by_hour},
        {(one.database_id, one.at): one for one in found},
        made_at,
    )


async def _failures(env: Environment) -> list[str]:
    """Return one sentence for each kind of the bot's own work that fails or is late."""
    now = env.clock.now()
    backlog = await env.store.timers.backlog(now - LATE)
    failing = [one for one in backlog.examples if one.failures >= FAILS and one.kind is not TimerKind.SAMPLE]
    undelivered = await env.store.notices.undelivered(since=now - NOTIFIED_SINCE, before=now - LATE)
    undelivered = [one for one in undelivered if not is_alert(one.subject)]
    found = []
    if failing:
        found.append(f"Scheduled work has failed {max(one.failures for one in failing):,} times in a row.")
    if backlog.overdue:
        found.append(f"Scheduled work is more than {LATE.seconds // 60} minutes late.")
    if undelivered:
        found.append("No one could be notified of an outcome.")
    return found


@dataclass(slots=True)
class _Targets:
    """The databases of an organization, for the policy. They are listed only if needed, and only once."""

    env: Environment
    organization: str
    _listing: Listing | None = None
    _databases: ListedDatabases | None = None
    _is_read: bool = False

    async def listing(self) -> Listing | None:
        """Return the databases, or None if Turso doesn't respond. Only the first call asks Turso."""
        if not self._is_read:
            self._is_read = True
            with suppress(BotError):
                self._listing = await self.env.turso_clients.turso(self.organization).listed()
        return self._listing

    async def databases(self) -> ListedDatabases | None:
        """Return the databases as the policy sees them, or None if Turso doesn't respond."""
        if self._databases is None and (listing := await self.listing()) is not None:
            self._databases = ListedDatabases.of(listing)
        return self._databases


async def _shown_in(env: Environment, subscription: AlertSubscription, targets: _Targets) -> Shown | None:
    """Return a function that decides which databases may be named in a channel. None if it can't have alerts.

    The function returns True if that isn't known now, because it is decided again when the alert is delivered.

    Raises:
        BotError: Slack or an on-call service didn't return something that the decision needs.
    """
    ctx = await reader_of(env, subscription, fresh=False)
    if ctx is None:
        return None
    visibility = AlertVisibility.of(ctx)
    if visibility.names_all or unknown_here(ctx):
        return _any_named
    listed = await targets.databases()

    def may_be_named(name: str, database_id: str) -> bool:
        try:
            return visibility.find(listed, name, database_id) is not None
        except NotListed:
            return True

    return may_be_named


def _any_named(name: str, database_id: str) -> bool:
    return bool(name)
