"""The usage of a channel's databases, those with the highest usage first. Makes one call for usage."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.chart import MAX_POINTS, Chart
from bot.blocks.message import reply
from bot.blocks.table import Cell, Table, amount
from bot.blocks.text import Mrkdwn, Plain, counted, mrkdwn, number, on_day, size, when
from bot.commands._lines import command_line
from bot.commands._targets import attempt, left_out_note
from bot.commands.base import Context
from bot.commands.usage import _history as usage_history
from bot.commands.usage._amounts import Amount, amount_of, share_of_quota
from bot.commands.usage._history import History, first_day, history_of
from bot.commands.usage._periods import Period
from bot.commands.usage._samples import end_of, moment, moment_of, samples_of, start_of, used_between
from bot.core.records.usage import UsageSample
from bot.core.reply import Block, Reply
from bot.turso import Listed
from bot.turso.models import OrganizationUsage, Quotas, Usage

METRICS: Final = {
    "reads": ("rows_read", "rows read", number),
    "writes": ("rows_written", "rows written", number),
    "size": ("storage_bytes", "storage", size),
    "synced": ("bytes_synced", "bytes synced", size),
}
LONGEST: Final = 50
"""The most databases in a ranking."""
MANY: Final = 3000
"""With more databases than this, quotas aren't read, because the list alone needs so many calls."""


@dataclass(frozen=True, slots=True)
class Used:
    """A database and its usage."""

    name: str
    usage: Usage
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """The usage in a period: the ranked databases, and notes about the numbers."""

    ranked: list[Used]
    words: Mrkdwn
    history: History = field(default_factory=History)
    quotas: Quotas | None = None
    notice: Mrkdwn | None = None
    """A note that is shown before the numbers."""
    span: Mrkdwn | None = None


async def report(ctx: Context, period: Period, *, sort: str, top: int, longer: str) -> Reply:
    """Return the ranking of the databases that the requester may see. The totals are only about these.

    Args:
        longer: the command line of the longest ranking, for a button.
    """
    databases, usage = await asyncio.gather(ctx.visible_databases(), ctx.turso.organization_usage())
    samples = await _samples(ctx, databases, usage, period)
    found = None if period.is_current_month else _from_samples(ctx, databases, samples, period, sort)
    counted = found or await _billing_period(ctx, databases, usage, samples, period, sort)
    return _message(counted, sort, top, longer, databases.left_out)


async def _samples(
    ctx: Context, databases: Sequence[Listed], usage: OrganizationUsage, period: Period
) -> list[UsageSample]:
    """Return the samples of the period and the previous one, and a sample of now.

    With too many databases for that, leave out the previous period, or return none for the current month.
    """
    looks_back = len(databases) <= usage_history.MANY
    if not looks_back and period.is_current_month:
        return []
    since = period.since.astimezone(UTC).date() - timedelta(days=2)
    samples = await ctx.store.samples.find(
        organization=ctx.organization,
        since=(first_day(period) if looks_back else since).isoformat(),
        until=moment(min(period.until, ctx.now)),
        databases=[one.name for one in databases],
    )
    now = moment(ctx.now)
    sampled = [sample for sample in samples if moment_of(sample) < ctx.now and sample.day != now]
    return sampled + samples_of(ctx.organization, databases, usage, now)


def rank(databases: Sequence[Listed], usage: Mapping[str, Usage], sort: str) -> list[Used]:
    """Return databases with usage, the highest first. Unknown usage comes last."""
    name = METRICS[sort][0]

    def order(one: Used) -> tuple[bool, int, str]:
        value = getattr(one.usage, name)
        return value is None, -(value or 0), one.name

    return sorted((Used(one.name, usage.get(one.id, Usage()), one.is_archived) for one in databases), key=order)


def _from_samples(
    ctx: Context, databases: Sequence[Listed], samples: Sequence[UsageSample], period: Period, sort: str
) -> Counted | None:
    """Return the usage from the known time nearest to the period's start to the last sample in the period.

    None without such samples.
    """
    ids = {one.id for one in databases}
    within = [sample for sample in samples if sample.database_id in ids and moment_of(sample) <= period.until]
    until = end_of(within, until=period.until)
    start = start_of(within, period.since, within=period.length / 2)
    is_sampled = any(moment_of(sample) < ctx.now and sample.day != moment(ctx.now) for sample in within)
    if until is None or start is None or start >= until or not is_sampled or until <= period.since:
        return None
    ranked = rank(databases, used_between(within, ids, start, until), sort)
    late = start - period.since >= timedelta(days=1)
    notice = mrkdwn(":information_source: No history before {}.", when(start)) if late else None
    history = history_of(samples, ids, period, start, until) if len(ids) <= usage_history.MANY else History()
    span = mrkdwn("Counted from {} to {}.", when(start), when(until))
    words = period.words if start == period.since else mrkdwn("since {}", when(start))
    return Counted(ranked, words, history, None, notice, span)


async def _billing_period(
    ctx: Context,
    databases: Sequence[Listed],
    usage: OrganizationUsage,
    samples: Sequence[UsageSample],
    period: Period,
    sort: str,
) -> Counted:
    """Return the usage of the billing period from Turso, with the previous period if samples go back far enough.

    If another period was requested, a note says that there is no history of it.
    """
    ranked = rank(databases, {one.uuid: one.usage for one in usage.databases}, sort)
    quotas = await attempt(ctx.turso.quotas()) if len(databases) <= MANY else None
    words = Mrkdwn("in this billing period")
    if not period.is_current_month:
        first = await ctx.store.samples.first_day(organization=ctx.organization)
        day = date.fromisoformat(first[:10]) if first else ctx.now.astimezone(UTC).date()
        says = mrkdwn(":information_source: No history before {}. Here is the billing period so far.", on_day(day))
        return Counted(ranked, words, quotas=quotas, notice=says)
    looks_back = len(databases) <= usage_history.MANY
    ids = {one.id for one in databases}
    history = history_of(samples, ids, period, period.since, period.until) if looks_back else History()
    return Counted(ranked, words, history, quotas)


def _message(found: Counted, sort: str, top: int, longer: str, left_out: int) -> Reply:
    ranked = found.ranked
    totals = {name: amount_of([one.usage for one in ranked], name) for name, _, _ in METRICS.values()}
    read, written = (totals[name].in_sentence(number) for name in ("rows_read", "rows_written"))
    title = mrkdwn(":bar_chart: *{}* in this channel: {} rows read and {} written {}", counted(len(ranked), "database"),
                   read, written, found.words)  # fmt: skip
    shown = ranked[:top]
    head = [kit.section(title), *([kit.context(found.notice)] if found.notice else [])]
    tail: list[Block] = [kit.context(left_out_note(left_out))] if left_out else []
    if not shown:
        return reply(title, [*head, *(tail or [kit.context(mrkdwn("This channel has no databases."))])])
    tail += [kit.context(found.span)] if found.span else []
    head += kit.fields(_totals(totals, found.quotas, found.history))
    chart, days, table = _chart(shown, sort, top), found.history.chart(), _table(shown, sort)
    left = len(ranked) - len(shown)
    more = mrkdwn("and {} more {}", left, "database" if left == 1 else "databases") if left > 0 else Mrkdwn("")
    row = [*buttons.run(1, f"Usage of {shown[0].name}"[:60], command_line("usage", shown[0].name))]
    row += buttons.page(2, f"Show {min(LONGEST, len(ranked))}", longer) if left > 0 and top < LONGEST else []
    tail = [*([kit.context(more)] if more else []), *tail, *kit.actions(*row)]
    drawn = [*chart.blocks(), *days.blocks(), table.block()]
    plain = [*chart.plain_blocks(), *days.plain_blocks(), *table.plain_blocks()]
    return reply(title, [*head, *drawn, *tail], plain_blocks=[*head, *plain, *tail])


def _chart(shown: Sequence[Used], sort: str, top: int) -> Chart:
    name, label, _ = METRICS[sort]
    bars = [one for one in shown if getattr(one.usage, name) is not None][: min(top, MAX_POINTS)]
    return Chart("bar", Plain(f"Top {len(bars)} by {label}"), [Plain(one.name) for one in bars],
                 {label: [getattr(one.usage, name) for one in bars]}, "database", label)  # fmt: skip


def _totals(totals: Mapping[str, Amount], quotas: Quotas | None, history: History) -> list[tuple[str, Mrkdwn]]:
    quotas = quotas or Quotas()
    found = []
    for label, write, name in _LABELS:
        total = totals[name]
        if name == "bytes_synced" and total.whole == 0:
            continue  # most organizations don't sync anything
        share = share_of_quota(total.whole, getattr(quotas, name))
        found.append((label, mrkdwn("{}{}{}", total.words(write), history.change(total, name), share)))
    return found


_LABELS: Final = (
    ("Rows read", number, "rows_read"),
    ("Rows written", number, "rows_written"),
    ("Storage", size, "storage_bytes"),
    ("Synced", size, "bytes_synced"),
)


def _cell_name(used: Used) -> Plain:
    return Plain(f"{used.name[:64]} (archived)" if used.is_archived else used.name[:64])


def _table(shown: Sequence[Used], sort: str) -> Table:
    columns = [Plain(name) for name in ("Database", *(label for label, _, _ in _LABELS))]
    rows: list[list[Cell]] = [
        [_cell_name(one), *(amount(getattr(one.usage, name), write) for _, write, name in _LABELS)] for one in shown
    ]
    return Table(Plain(f"Usage by {METRICS[sort][1]}"), columns, rows)
