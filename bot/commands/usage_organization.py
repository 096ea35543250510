"""What the databases of a channel used, the biggest first: one usage call, whatever their number."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.chart import POINTS, Chart
from bot.blocks.message import reply
from bot.blocks.table import Cell, Number, Table
from bot.blocks.text import Mrkdwn, Plain, counted, mrkdwn, number, size
from bot.commands import usage_history
from bot.commands.base import Context
from bot.commands.lines import command_line
from bot.commands.periods import Period
from bot.commands.samples import courses, moment, samples_of
from bot.commands.targets import attempt
from bot.commands.usage_history import History, first_day, history_of
from bot.core.reply import Block, Reply
from bot.core.request import UsageSample
from bot.turso import Listed
from bot.turso.models import OrganizationUsage, Quotas, Usage

METRICS: Final = {
    "reads": ("rows_read", "rows read", number),
    "writes": ("rows_written", "rows written", number),
    "size": ("storage_bytes", "storage", size),
    "synced": ("bytes_synced", "bytes synced", size),
}
MANY: Final = 3000
"""With more databases the list alone takes so many calls that the plan's quotas are not asked for."""


@dataclass(frozen=True, slots=True)
class Used:
    """One database with what it used."""

    name: str
    usage: Usage


async def report(ctx: Context, period: Period, *, sort: str, top: int) -> Reply:
    """Rank the databases that the asker may see; the totals are theirs alone."""
    databases, usage = await asyncio.gather(ctx.visible_databases(), ctx.turso.organization_usage())
    quotas = await attempt(ctx.turso.quotas()) if period.is_current_month and len(databases) <= MANY else None
    looks_back = len(databases) <= usage_history.MANY
    samples = await _samples(ctx, databases, usage, period, looks_back=looks_back)
    ids = {one.id: one.name for one in databases}
    history = history_of(samples, ids, period) if looks_back else History()
    if period.is_current_month:
        return _message(rank(databases, usage, sort), "in this billing period", [], history, quotas, sort, top)
    ranked, note = _from_samples(samples, ids, period, sort)
    return _message(ranked, period.words, [note], history, quotas, sort, top)


async def _samples(
    ctx: Context, databases: Sequence[Listed], usage: OrganizationUsage, period: Period, *, looks_back: bool
) -> list[UsageSample]:
    """What was measured of the period, and of the one before it; today as it is now."""
    since, until = period.since.astimezone(UTC).date(), period.until.astimezone(UTC).date()
    if not looks_back and period.is_current_month:
        return []
    samples = await ctx.memory.samples(
        organization=ctx.organization,
        since=(first_day(period) if looks_back else since - timedelta(days=2)).isoformat(),
        until=moment(period.until),
        databases=[one.name for one in databases],
    )
    today = ctx.now.astimezone(UTC).date()
    if until < today:
        return samples
    measured = [sample for sample in samples if sample.day != today.isoformat()]
    return measured + samples_of(ctx.organization, databases, usage, today)


def rank(databases: Sequence[Listed], usage: OrganizationUsage, sort: str) -> list[Used]:
    """Join names with usage, the most first."""
    by_id = {one.uuid: one.usage for one in usage.databases}
    return _ordered([Used(one.name, by_id.get(one.id, Usage())) for one in databases], sort)


def _ordered(used: list[Used], sort: str) -> list[Used]:
    field = METRICS[sort][0]
    return sorted(used, key=lambda one: (-getattr(one.usage, field), one.name))


def _from_samples(
    samples: Sequence[UsageSample], ids: Mapping[str, str], period: Period, sort: str
) -> tuple[list[Used], Mrkdwn]:
    since = period.since.astimezone(UTC).date()
    found = {key: course for key, course in courses(samples, since=since).items() if key in ids}
    known = min((course.known_since for course in found.values() if course.known_since), default=None)
    used = _ordered([Used(ids[key], found[key].total if key in found else Usage()) for key in ids], sort)
    return used, _reach(since, known)


def _reach(since: date, known: date | None) -> Mrkdwn:
    if known is None:
        return mrkdwn(":information_source: Nothing was measured for this period yet: samples are taken once a day.")
    if known > since:
        return mrkdwn(":information_source: Daily samples go back to {}; what was before is not in here.", known)
    return mrkdwn("From daily samples.")


def _message(
    ranked: list[Used], words: str, notes: list[Mrkdwn], history: History, quotas: Quotas | None, sort: str, top: int
) -> Reply:
    total = sum((one.usage for one in ranked), Usage())
    title = mrkdwn(":bar_chart: *{}* of this channel {}: {} rows read, {} written", counted(len(ranked), "database"),
                   words, number(total.rows_read), number(total.rows_written))  # fmt: skip
    shown = ranked[:top]
    head = [kit.section(title), *kit.fields(_totals(total, quotas, history))]
    tail: list[Block] = [kit.context(*notes)] if notes else []
    if not shown:
        return reply(title, [*head, kit.context(mrkdwn("There are no databases in this channel.")), *tail])
    field, label, _ = METRICS[sort]
    bars = shown[: min(top, POINTS)]
    chart = Chart("bar", Plain(f"Top {len(bars)} by {label}"), [Plain(one.name) for one in bars],
                  {label: [getattr(one.usage, field) for one in bars]}, "database", label)  # fmt: skip
    table = Table(Plain(f"Usage by {label}"), _columns(), [_row(one) for one in shown])
    left = len(ranked) - len(shown)
    more = mrkdwn("and {} more; `--top` shows up to 50", counted(left, "database")) if left > 0 else Mrkdwn("")
    row = [*buttons.run(1, f"Usage of {shown[0].name}"[:60], command_line("usage", shown[0].name))]
    tail = [*([kit.context(more)] if more else []), *tail, *kit.actions(*row)]
    days = history.chart()
    drawn = [chart.block(), *([days.block()] if days else []), table.block()]
    plain = [*chart.plain(), *(days.plain() if days else []), *table.plain()]
    return reply(title, [*head, *drawn, *tail], plain_blocks=[*head, *plain, *tail])


def _totals(total: Usage, quotas: Quotas | None, history: History) -> list[tuple[str, Mrkdwn]]:
    quotas = quotas or Quotas()
    rows = [("Rows read", number, "rows_read"), ("Rows written", number, "rows_written"),
            ("Storage", size, "storage_bytes"), ("Synced", size, "bytes_synced")]  # fmt: skip
    found = []
    for label, write, name in rows:
        used = getattr(total, name)
        share = _share(used, getattr(quotas, name))
        found.append((label, mrkdwn("{}{}{}", write(used), history.change(used, name), share)))
    return found


def _share(used: int, quota: int | None) -> str:
    return f" ({100 * used / quota:.1f} % of the plan's quota)" if quota else ""


def _columns() -> list[Plain]:
    return [Plain(name) for name in ("Database", "Rows read", "Rows written", "Storage", "Synced")]


def _row(one: Used) -> list[Cell]:
    usage = one.usage
    return [
        Plain(one.name[:64]),
        Number(usage.rows_read, number(usage.rows_read)),
        Number(usage.rows_written, number(usage.rows_written)),
        Number(usage.storage_bytes, size(usage.storage_bytes)),
        Number(usage.bytes_synced, size(usage.bytes_synced)),
    ]
