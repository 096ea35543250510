"""The usage of one database: compared with the previous period, per instance, and per day from samples."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.chart import MAX_POINTS, Chart
from bot.blocks.message import reply
from bot.blocks.table import Cell, Table, amount
from bot.blocks.text import Mrkdwn, Plain, mrkdwn, number, size
from bot.commands._lines import command_line
from bot.commands._targets import attempt
from bot.commands.base import Context
from bot.commands.databases._archived import can_offer_wake, wake_button
from bot.commands.usage._amounts import change, known
from bot.commands.usage._history import chart_of_days
from bot.commands.usage._periods import Period
from bot.commands.usage._samples import Course, courses, moment, moment_of
from bot.core.reply import Reply
from bot.turso.models import DatabaseUsage, Instance, Usage

_ARCHIVED: Final = mrkdwn(":package: It is archived, so it won't respond until someone wakes it.")


async def report(ctx: Context, name: str, period: Period) -> Reply:
    """Return the usage message. Reads usage, the previous period and instances at the same time."""
    turso, before = ctx.turso, period.before
    spans = {} if period.is_current_month else {"since": period.since, "until": min(period.until, ctx.now)}
    used, earlier, instances, database, measured = await asyncio.gather(
        turso.database_usage(name, **spans),
        attempt(turso.database_usage(name, since=before.since, until=before.until)),
        attempt(turso.instances(name)),
        attempt(turso.database(name)),
        _courses(ctx, name, period),
    )
    daily = _own(measured, used.uuid)
    words = Mrkdwn("this month") if used.is_of_month else period.words
    title = mrkdwn(":bar_chart: *{}*: {} rows read and {} written {}", name,
                   known(used.usage.rows_read, number), known(used.usage.rows_written, number), words)  # fmt: skip
    only = used.is_of_month and not period.is_current_month
    notice = [kit.context(mrkdwn(":information_source: Turso only provides this month's usage."))] if only else []
    # An API with only one period returns the same numbers again.
    was = earlier.usage if earlier and not earlier.is_of_month and earlier.usage != used.usage else Usage()
    archived = [kit.context(_ARCHIVED)] if database and database.is_archived else []
    head = [kit.section(title), *archived, *notice, *kit.fields(_numbers(used.usage, was, before))]
    chart, shares = _chart(name, used, instances or [], daily), _shares(used, instances)
    wakes = wake_button(2, name) if database and await can_offer_wake(ctx, database) else []
    tail = kit.actions(*buttons.run(1, "Show", command_line("show", name)), *wakes)
    drawn = [*chart.blocks(), *([shares.block()] if shares else [])]
    plain = [*chart.plain_blocks(), *(shares.plain_blocks() if shares else [])]
    return reply(title, [*head, *drawn, *tail], plain_blocks=[*head, *plain, *tail] if drawn else ())


def _own(found: Mapping[str, Course], database_id: str) -> Mapping[date, Usage]:
    """Return the daily usage of this database. If its ID isn't known, of the one of its name that was sampled last."""
    if database_id:
        return found[database_id].daily if database_id in found else {}
    return max(found.values(), key=lambda course: course.until).daily if found else {}


async def _courses(ctx: Context, name: str, period: Period) -> Mapping[str, Course]:
    """Return what samples say about databases with this name in the period, by `DbId`."""
    until = min(period.until, ctx.now).astimezone(UTC)
    since = max(period.since.astimezone(UTC), until - timedelta(days=MAX_POINTS - 1))
    since = since.replace(hour=0, minute=0, second=0, microsecond=0)
    samples = await ctx.store.samples.find(
        organization=ctx.organization,
        since=(since - timedelta(days=2)).date().isoformat(),
        until=moment(until),
        databases=[name],
    )
    return courses([one for one in samples if moment_of(one) <= until], since=since)


def _numbers(used: Usage, was: Usage, before: Period) -> list[tuple[str, Mrkdwn]]:
    rows = [
        ("Rows read", number, "rows_read"),
        ("Rows written", number, "rows_written"),
        ("Storage", size, "storage_bytes"),
        ("Synced", size, "bytes_synced"),
    ]
    return [(label, _number(getattr(used, name), getattr(was, name), write, before)) for label, write, name in rows]


def _number(now: int | None, was: int | None, write: Callable[[int | None], str], before: Period) -> Mrkdwn:
    return mrkdwn("{}{}", known(now, write), change(now, was, str(before.words)))


def _chart(name: str, used: DatabaseUsage, instances: list[Instance], daily: Mapping[date, Usage]) -> Chart:
    days = chart_of_days(daily, Plain(f"{name}, rows per day"))
    if days.blocks():
        return days
    shares = used.instances[:MAX_POINTS]
    labels = [Plain(_instance_name(share.uuid, instances)) for share in shares]
    series = {
        "rows read": [share.usage.rows_read for share in shares],
        "rows written": [share.usage.rows_written for share in shares],
    }
    return Chart("bar", Plain(f"{name}, rows by instance"), labels, series, "instance", "rows")


def _shares(used: DatabaseUsage, instances: list[Instance] | None) -> Table | None:
    if not used.instances:
        return None
    columns = [Plain(name) for name in ("Instance", "Type", "Rows read", "Rows written", "Storage", "Synced")]
    kinds = {one.uuid: one.type for one in instances or []}
    other = "–" if instances is None else "deleted"
    rows: list[list[Cell]] = [
        [
            Plain(_instance_name(share.uuid, instances or [])),
            Plain(kinds.get(share.uuid, other) or "–"),
            amount(share.usage.rows_read, number),
            amount(share.usage.rows_written, number),
            amount(share.usage.storage_bytes, size),
            amount(share.usage.bytes_synced, size),
        ]
        for share in used.instances[:50]
    ]
    return Table(Plain("By instance"), columns, rows)


def _instance_name(uuid: str, instances: list[Instance]) -> str:
    return next((one.name or one.region for one in instances if one.uuid == uuid), uuid[:8] or "?")
