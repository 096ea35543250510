"""What a channel may see of an alert: its own databases, and the organization's numbers if it has all of them."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from bot.blocks.alert_cards import AlertPart, AlertView, amount
from bot.blocks.text import Mrkdwn, cut, mrkdwn
from bot.commands._rights import unknown_here
from bot.commands._targets import attempt
from bot.commands.alerts._visibility import AlertVisibility, ListedDatabases, NotListed
from bot.commands.base import Context
from bot.core.alerts import Alert, AlertKind, Contributor, Measure
from bot.core.model import Target
from bot.core.oncall import not_said
from bot.errors import Unavailable
from bot.turso.models import TopQuery

QUERY: Final = 120
"""How many characters of a query are shown."""
LAST: Final = timedelta(days=1)
"""How far back queries are read, at least. For a spike, they are read from its beginning instead."""
WAITS: Final = timedelta(minutes=15)
"""How long a card about the organization waits for the names of databases if Turso doesn't list them."""
WRITES: Final = (Measure.ROWS_WRITTEN, Measure.STORAGE)


def database_of(alert: Alert) -> tuple[str, str]:
    """Return the name and `DbId` of the buttons' database: the alert's, or the one that contributes most.

    Contributors whose names aren't known are left out. Both are empty if there is none.
    """
    if alert.is_of_database:
        return alert.subject, alert.subject_id
    first = next((one for one in alert.contributors if one.database), None)
    return (first.database, first.database_id) if first else ("", "")


async def databases_for(ctx: Context, alerts: Iterable[Alert]) -> ListedDatabases | None:
    """Return what Turso lists, for `may_see`. None if no alert needs it.

    Raises:
        TursoError: Turso doesn't list the databases.
    """
    if AlertVisibility.of(ctx).names_all or not any(one.is_of_database for one in alerts):
        return None
    return ListedDatabases.of(await ctx.turso.listed())


def may_see(ctx: Context, alert: Alert, databases: ListedDatabases | None) -> bool:
    """Return True if the alert may be shown here. An alert about a database may be shown if its name may.

    Without access to any database, none may be shown.

    Args:
        databases: the result of `databases_for`. None if Turso didn't respond, too.
    Raises:
        Unavailable: something that the decision needs isn't known.
    """
    visibility = AlertVisibility.of(ctx)
    if visibility.shown[0].databases is None:
        return False
    if not alert.is_of_database:
        return True
    if visibility.names_all:
        return bool(alert.subject)
    if visibility.find(databases, alert.subject, alert.subject_id) is not None:
        return True
    if unknown := unknown_here(ctx):
        raise Unavailable(f"{not_said(unknown)}.")
    return False


async def view_of(ctx: Context, alert: Alert) -> AlertView:
    """Read the content of the card: the databases that may be named, their top queries, and whether overages are on.

    Raises:
        TursoError: Turso doesn't list the databases, and the card has to wait for them.
    """
    visibility = AlertVisibility.of(ctx)
    about_quota = alert.kind in (AlertKind.QUOTA, AlertKind.FORECAST)
    databases = await _databases(ctx, visibility, alert)
    parts = await asyncio.gather(*(_part(ctx, visibility, alert, one, databases) for one in _contributors(alert)))
    details = await attempt(ctx.turso.organization_details()) if about_quota and visibility.is_whole else None
    return AlertView(
        visibility.is_whole,
        [one for one in parts if one],
        details.overages if details else None,
        _named(visibility, databases, *database_of(alert)),
    )


async def _databases(ctx: Context, visibility: AlertVisibility, alert: Alert) -> ListedDatabases | None:
    """Return what Turso lists. None if it isn't needed, or if Turso doesn't respond and the card doesn't wait for it.

    An alert about the organization waits for a short time, because its card would lack the channel's databases.
    """
    name, _ = database_of(alert)
    if not name:
        return None
    waits = alert.is_of_database or ctx.now - alert.raised_at < WAITS
    if visibility.names_all or not waits:
        listing = await attempt(ctx.turso.listed())
        return None if listing is None else ListedDatabases.of(listing)
    return ListedDatabases.of(await ctx.turso.listed())


def _named(
    visibility: AlertVisibility, databases: ListedDatabases | None, name: str, database_id: str
) -> Target | None:
    """Return a database if it may be named, or None. Also None if it no longer exists, or if that isn't known.

    Where every database may be named, one that may exist is enough.
    """
    try:
        return visibility.find(databases, name, database_id)
    except NotListed:
        return None


def _contributors(alert: Alert) -> list[Contributor]:
    if alert.kind is AlertKind.SPIKE:
        return [Contributor(alert.subject, alert.subject_id, alert.measured)]
    return list(alert.contributors)


async def _part(
    ctx: Context, visibility: AlertVisibility, alert: Alert, one: Contributor, databases: ListedDatabases | None
) -> AlertPart | None:
    target = _named(visibility, databases, one.database, one.database_id)
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
