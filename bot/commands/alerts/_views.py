"""What a channel may see of an alert: its own databases, and the organization's numbers if it has all of them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.blocks.alert_cards import AlertPart, AlertView, amount
from bot.blocks.text import Mrkdwn, cut, mrkdwn
from bot.commands._targets import attempt
from bot.commands.base import Context
from bot.commands.databases import triage
from bot.commands.usage import usage
from bot.core.alerts import Alert, AlertKind, Contributor, Measure
from bot.core.model import Target
from bot.core.policy import Scope
from bot.turso.models import Listing, TopQuery

QUERY: Final = 120
"""How many characters of a query are shown."""
LAST: Final = timedelta(days=1)
"""How far back queries are read, at least. For a spike, they are read from its beginning instead."""
WRITES: Final = (Measure.ROWS_WRITTEN, Measure.STORAGE)


@dataclass(frozen=True, slots=True)
class AlertVisibility:
    """What a channel may see in alerts: databases in every scope of `shown`, and queries of those in `with_queries`."""

    shown: tuple[Scope, ...]
    with_queries: Scope

    @classmethod
    def of(cls, ctx: Context) -> "AlertVisibility":
        """Return what `ctx.subject` may see in its channel. `ctx.scope` must be the scope of `alert list`."""
        return cls((ctx.scope, _scope(ctx, usage.command.name)), _scope(ctx, triage.command.name))

    @property
    def is_whole(self) -> bool:
        """Return True if every database may be seen, so that numbers of the whole organization may be shown."""
        return all(one.covers_all for one in self.shown)

    @property
    def names_all(self) -> bool:
        """Return True if groups and sources aren't needed, because every database and its queries may be seen."""
        return self.is_whole and self.with_queries.covers_all

    def covers(self, target: Target) -> bool:
        """Return True if a database may be named."""
        return all(one.covers(target) for one in self.shown)


def _scope(ctx: Context, command: str) -> Scope:
    return ctx.policy.scope(ctx.subject, command)


def database_of(alert: Alert) -> tuple[str, str]:
    """Return the name and `DbId` of the buttons' database: the alert's, or the one that contributes most."""
    if alert.is_of_database:
        return alert.subject, alert.subject_id
    first = next((one for one in alert.contributors if one.database), None)
    return (first.database, first.database_id) if first else ("", "")


async def found_target(ctx: Context, visibility: AlertVisibility, name: str, database_id: str) -> Target | None:
    """Return a database of an alert if it may be named. Calls Turso, unless every database and query may be shown."""
    if not name or visibility.names_all:
        return Target(name) if name else None
    return _seen(visibility, await attempt(ctx.turso.listed()), name, database_id)


def _seen(visibility: AlertVisibility, listing: Listing | None, name: str, database_id: str) -> Target | None:
    """Return a database as the policy sees it, by its `DbId`. None if it may not be named or no longer exists.

    If Turso doesn't list it, but it may exist, its name is enough where every database and query may be shown.
    """
    found = {one.id: target for one, target in listing.with_targets()} if listing else {}
    target = found.get(database_id)
    if target is not None:
        return target if target.name == name and visibility.covers(target) else None
    may_exist = listing is None or (listing.left_out > 0 and name not in {one.name for one in listing})
    return Target(name) if name and may_exist and visibility.names_all else None


async def may_see(ctx: Context, alert: Alert) -> bool:
    """Return True if the alert may be shown here. An alert about a database may be shown if its name may."""
    visibility = AlertVisibility.of(ctx)
    if visibility.shown[0].databases is None:
        return False
    if not alert.is_of_database:
        return True
    return await found_target(ctx, visibility, alert.subject, alert.subject_id) is not None


async def view_of(ctx: Context, alert: Alert) -> AlertView:
    """Read the content of the card: the databases that may be named, their top queries, and whether overages are on."""
    visibility = AlertVisibility.of(ctx)
    about_quota = alert.kind in (AlertKind.QUOTA, AlertKind.FORECAST)
    listing = await attempt(ctx.turso.listed())
    parts = await asyncio.gather(*(_part(ctx, visibility, alert, one, listing) for one in _contributors(alert)))
    details = await attempt(ctx.turso.organization_details()) if about_quota and visibility.is_whole else None
    return AlertView(
        visibility.is_whole,
        [one for one in parts if one],
        details.overages if details else None,
        _seen(visibility, listing, *database_of(alert)),
    )


def _contributors(alert: Alert) -> list[Contributor]:
    if alert.kind is AlertKind.SPIKE:
        return [Contributor(alert.subject, alert.subject_id, alert.measured)]
    return list(alert.contributors)


async def _part(
    ctx: Context, visibility: AlertVisibility, alert: Alert, one: Contributor, listing: Listing | None
) -> AlertPart | None:
    target = _seen(visibility, listing, one.database, one.database_id)
    if target is None:
        gone = mrkdwn("It no longer exists.")
        return AlertPart(one.database, one.amount, gone) if one.database and visibility.names_all else None
    if not visibility.with_queries.covers(target):
        return AlertPart(one.database, one.amount, Mrkdwn(""))
    since = alert.since if alert.kind is AlertKind.SPIKE else min(alert.since, ctx.now - LAST)
    return AlertPart(one.database, one.amount, await _top_query(ctx, alert.measure, one.database, since))


async def _top_query(ctx: Context, measure: Measure, name: str, since: datetime) -> Mrkdwn:
    """Return the query that read or wrote the most, without its values, or why it can't be shown."""
    queries = await attempt(ctx.turso.top_queries(name, since=since))
    if queries is None:
        return mrkdwn("Its top query isn't known.")
    counted = [(count, query) for query in queries if (count := _count(measure, query))]
    if not counted:
        return mrkdwn("Turso reports no top query for it.")
    count, top = max(counted, key=lambda pair: pair[0])
    text = await asyncio.to_thread(lambda: top.masked)
    if not text:
        return mrkdwn("Its top query can't be read.")
    rows = Measure.ROWS_WRITTEN if measure in WRITES else Measure.ROWS_READ
    unit = mrkdwn("written") if rows is Measure.ROWS_WRITTEN else mrkdwn("read")
    return mrkdwn("Top query: `{}` ({} rows {})", cut(text, QUERY), amount(rows, count), unit)


def _count(measure: Measure, query: TopQuery) -> int:
    return (query.rows_written if measure in WRITES else query.rows_read) or 0
