"""What one database used: against the period before, per instance, and day by day where samples tell."""

import asyncio
from datetime import date, timedelta

from bot.blocks import buttons, kit
from bot.blocks.chart import POINTS, Chart
from bot.blocks.message import reply
from bot.blocks.table import Cell, Number, Table
from bot.blocks.text import Mrkdwn, Plain, mrkdwn, number, size
from bot.commands.base import Context
from bot.commands.lines import command_line
from bot.commands.periods import Period
from bot.commands.samples import courses
from bot.commands.targets import attempt
from bot.core.reply import Reply
from bot.turso.models import DatabaseUsage, Instance, Usage


async def report(ctx: Context, name: str, period: Period) -> Reply:
    """Two usage calls and the list of instances, at once."""
    turso, before = ctx.turso, period.before
    spans = {} if period.is_current_month else {"since": period.since, "until": period.until}
    used, earlier, instances, daily = await asyncio.gather(
        turso.database_usage(name, **spans),
        attempt(turso.database_usage(name, since=before.since, until=before.until)),
        attempt(turso.instances(name)),
        _daily(ctx, name, period),
    )
    title = mrkdwn(":bar_chart: *{}* {}: {} rows read, {} written", name, period.words,
                   number(used.usage.rows_read), number(used.usage.rows_written))  # fmt: skip
    numbers = kit.fields(_numbers(used.usage, earlier.usage if earlier else None, period))
    chart = _chart(name, period, used, instances or [], daily)
    shares = _shares(used, instances or [])
    tail = kit.actions(*buttons.run(1, "Show", command_line("show", name)))
    drawn = [*([chart.block()] if chart else []), *([shares.block()] if shares else [])]
    plain = [*(chart.plain() if chart else []), *(shares.plain() if shares else [])]
    return reply(title, [kit.section(title), *numbers, *drawn, *tail],
                   plain_blocks=[kit.section(title), *numbers, *plain, *tail] if drawn else ())  # fmt: skip


async def _daily(ctx: Context, name: str, period: Period) -> dict[date, Usage]:
    since = max(period.since.date(), period.until.date() - timedelta(days=POINTS - 1))
    samples = await ctx.memory.samples(
        organization=ctx.organization,
        since=(since - timedelta(days=2)).isoformat(),
        until=period.until.date().isoformat(),
        databases=[name],
    )
    found = courses(samples, since=since)
    newest = max(found.values(), key=lambda course: max(course.daily, default=date.min), default=None)
    return dict(newest.daily) if newest else {}


def _numbers(used: Usage, before: Usage | None, period: Period) -> list[tuple[str, Mrkdwn]]:
    if before is None or before == used:  # an API that knows one period only answers the same again
        before = Usage()
    versus = period.before.words
    rows = [
        ("Rows read", number(used.rows_read), used.rows_read, before.rows_read),
        ("Rows written", number(used.rows_written), used.rows_written, before.rows_written),
        ("Storage", size(used.storage_bytes), used.storage_bytes, before.storage_bytes),
        ("Synced", size(used.bytes_synced), used.bytes_synced, before.bytes_synced),
    ]
    return [(label, mrkdwn("{}{}", text, _delta(now, was, versus))) for label, text, now, was in rows]


def _delta(now: int, was: int, versus: str) -> str:
    if not was:
        return ""
    change = round(100 * (now - was) / was)
    return f" ({'+' if change > 0 else ''}{change:,} % against {versus})" if change else f" (as {versus})"


def _chart(
    name: str, period: Period, used: DatabaseUsage, instances: list[Instance], daily: dict[date, Usage]
) -> Chart | None:
    if len(daily) > 1:
        days = sorted(daily)[-POINTS:]
        series = {
            "rows read": [daily[day].rows_read for day in days],
            "rows written": [daily[day].rows_written for day in days],
        }
        return Chart("line", Plain(f"{name}, rows per day"), [Plain(f"{day:%m-%d}") for day in days], series, "day",
                     "rows")  # fmt: skip
    shares = used.instances[:POINTS]
    if not shares:
        return None
    labels = [Plain(_instance_name(share.uuid, instances)) for share in shares]
    series = {
        "rows read": [share.usage.rows_read for share in shares],
        "rows written": [share.usage.rows_written for share in shares],
    }
    return Chart("bar", Plain(f"{name}, rows by instance"), labels, series, "instance", "rows")


def _shares(used: DatabaseUsage, instances: list[Instance]) -> Table | None:
    if not used.instances:
        return None
    columns = [Plain(name) for name in ("Instance", "Type", "Rows read", "Rows written", "Storage", "Synced")]
    kinds = {one.uuid: one.type for one in instances}
    rows: list[list[Cell]] = [
        [
            Plain(_instance_name(share.uuid, instances)),
            Plain(kinds.get(share.uuid, "deleted") or "–"),
            Number(share.usage.rows_read, number(share.usage.rows_read)),
            Number(share.usage.rows_written, number(share.usage.rows_written)),
            Number(share.usage.storage_bytes, size(share.usage.storage_bytes)),
            Number(share.usage.bytes_synced, size(share.usage.bytes_synced)),
        ]
        for share in used.instances[:50]
    ]
    return Table(Plain("By instance"), columns, rows)


def _instance_name(uuid: str, instances: list[Instance]) -> str:
    return next((one.name or one.region for one in instances if one.uuid == uuid), uuid[:8] or "?")
