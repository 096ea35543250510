"""The usage digest of a channel: totals and biggest changes, idle and blocked databases, tokens that expire."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.table import Cell, Table, amount
from bot.blocks.text import Mrkdwn, Plain, counted, joined, mrkdwn, number, on_day, person, size, when
from bot.commands._existing_databases import keep_listed
from bot.commands._targets import left_out_note
from bot.commands._visible_names import VisibleNames
from bot.commands.base import ChangeContext, Context
from bot.commands.databases import _holds as holds
from bot.commands.usage._amounts import amount_of, change
from bot.commands.usage._samples import (
    comparable,
    end_of,
    moment,
    moment_of,
    samples_of,
    start_of,
    usage_of,
    used_between,
)
from bot.core.records.holds import Hold
from bot.core.records.tokens import LedgerToken
from bot.core.records.usage import UsageSample
from bot.core.reply import Block, Reply
from bot.turso import Listed, TursoError
from bot.turso.ids import made_at
from bot.turso.models import Usage

MOVERS: Final = 5
IDLE_DAYS: Final = 14
ENDS_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mover:
    """A database's usage in the period and in the previous one."""

    name: str
    now: Usage
    before: Usage

    @property
    def change(self) -> int | None:
        """Return the change in rows read and written. None if either period is unknown."""
        parts = (self.now.rows_read, self.now.rows_written, self.before.rows_read, self.before.rows_written)
        if any(part is None for part in parts):
            return None
        read, written, read_before, written_before = (part or 0 for part in parts)
        return read + written - read_before - written_before


@dataclass(frozen=True, slots=True)
class Counts:
    """The usage of each database between two times.

    If `since` is None, it is the usage of the billing period so far. `until` is None without any sample.
    """

    movers: list[Mover]
    since: datetime | None
    until: datetime | None
    left_out: int = 0
    """How many databases Turso listed in a form that can't be read."""


async def digest(ctx: Context, length: timedelta) -> Reply:
    """Return the digest of a channel's databases.

    It begins at the sample or the start of a month nearest to `length` ago. The previous digest took a sample when it
    was posted.

    Raises:
        TursoError: Turso doesn't list the databases, so there is no digest.
    """
    listing = await ctx.turso.listed()
    databases, visible = ctx.visible(listing), VisibleNames.of(ctx, listing)
    names = {one.id: one.name for one in databases}
    samples, held, tokens = await asyncio.gather(
        _samples(ctx, databases, length), _visible_holds(ctx, visible), _ending(ctx, visible)
    )
    held, tokens = keep_listed(held, databases), keep_listed(tokens, databases)
    samples = [one for one in samples if one.database_id in names and moment_of(one) <= ctx.now]
    archived = sorted(one.name for one in databases if one.is_archived)
    idle = [name for name in _idle(samples, names) if name not in archived]
    counts = replace(_count(samples, names, ctx.now, length), left_out=databases.left_out)
    return _message(ctx, counts, idle, archived, held, tokens, length)


def _count(samples: Sequence[UsageSample], names: Mapping[str, str], now: datetime, length: timedelta) -> Counts:
    until = end_of(samples, until=now)
    since = start_of(samples, now - length, within=length / 2)
    if since is None or until is None or not any(moment_of(one) < until for one in samples):
        return Counts(_billing_period(samples, names), None, until)
    known = [one for one in samples if moment_of(one) <= since]
    long_ago = start_of(known, since - length, within=length / 2)
    before: Mapping[str, Usage] = {}
    if long_ago is not None and comparable(since - long_ago, until - since):
        before = used_between(known, names, long_ago, since)
    used = used_between(samples, names, since, until)
    return Counts([Mover(name, used[key], before.get(key, Usage())) for key, name in names.items()], since, until)


def _billing_period(samples: Sequence[UsageSample], names: Mapping[str, str]) -> list[Mover]:
    """Return the usage of the billing period so far, as of each database's newest sample."""
    newest = {one.database_id: usage_of(one) for one in sorted(samples, key=moment_of)}
    return [Mover(name, newest.get(key, Usage()), Usage()) for key, name in names.items()]


async def _samples(ctx: Context, databases: list[Listed], length: timedelta) -> list[UsageSample]:
    """Return the samples so far, with a sample for now instead of the one for today.

    Uses a sample that was taken this minute, or else reads the usage. If Turso fails, today's sample is kept.
    """
    now = moment(ctx.now)
    today = now[:10]
    reach = max(2 * length + length, timedelta(days=IDLE_DAYS)) + timedelta(days=2)
    samples = await ctx.store.samples.find(
        organization=ctx.organization,
        since=moment(ctx.now - reach)[:10],
        until=now,
        databases=[one.name for one in databases],
    )
    if any(one.day == now for one in samples):
        return [one for one in samples if one.day != today]
    try:
        usage = await ctx.turso.organization_usage()
    except TursoError:
        return samples
    earlier = [one for one in samples if one.day != today]
    return [*earlier, *samples_of(ctx.organization, databases, usage, now)]


async def measure(ctx: ChangeContext) -> None:
    """Take a sample now, so that the next digest can begin at exactly this time."""
    databases, usage = await asyncio.gather(ctx.turso.listed(), ctx.turso.organization_usage())
    await ctx.store.samples.add(samples_of(ctx.organization, databases, usage, moment(ctx.now)))


async def _visible_holds(ctx: Context, visible: VisibleNames) -> list[Hold]:
    held = await ctx.store.holds.find(organization=ctx.organization)
    return [hold for hold in held if visible.has(hold.database)]


async def _ending(ctx: Context, visible: VisibleNames) -> list[LedgerToken]:
    tokens = await ctx.store.tokens.find(organization=ctx.organization, live_at=ctx.now)
    soon = [one for one in tokens if one.expires_at and one.expires_at <= ctx.now + ENDS_WITHIN]
    return [one for one in soon if visible.has(one.database)]


def _idle(samples: Sequence[UsageSample], names: Mapping[str, str]) -> list[str]:
    """Return databases without reads for `IDLE_DAYS`. Leaves out newer ones, and those whose usage isn't known."""
    until = max((moment_of(one) for one in samples), default=None)
    if until is None:
        return []
    since = (until - timedelta(days=IDLE_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    used = used_between(samples, names, since, until)
    return sorted(names[key] for key, usage in used.items() if usage.rows_read == 0 and _is_old(key, since))


def _is_old(database_id: str, since: datetime) -> bool:
    born = made_at(database_id)
    return born is None or born <= since


def _message(
    ctx: Context,
    counts: Counts,
    idle: list[str],
    archived: list[str],
    held: list[Hold],
    tokens: list[LedgerToken],
    length: timedelta,
) -> Reply:
    days = length.days
    span = "last day" if days == 1 else f"last {days} days"
    movers = counts.movers
    title = mrkdwn(":newspaper: *Turso digest* for the {}: {}", span, counted(len(movers), "database"))
    left_out = [kit.context(left_out_note(counts.left_out))] if counts.left_out else []
    notes = [*_notice(ctx, counts, length), *left_out]
    head = [kit.section(title), *notes, *(kit.fields(_totals(movers)) if counts.until else [])]
    changed = [(abs(one.change), one) for one in movers if one.change]
    top = [one for _, one in sorted(changed, key=lambda pair: -pair[0])[:MOVERS]]
    table = _table(top) if top else None
    rest = [
        *_named(mrkdwn(":zzz: *No reads for {} days*", IDLE_DAYS), idle),
        *_named(mrkdwn(":package: *Archived by Turso*"), archived),
        *_holds(held),
        *_tokens(tokens),
        *_span(counts),
        *kit.actions(*buttons.run(1, "Usage", "usage"), *buttons.run(2, "Databases", "list")),
    ]
    drawn = [table.block()] if table else []
    return reply(title, [*head, *drawn, *rest], plain_blocks=[*head, *table.plain_blocks(), *rest] if table else ())


def _notice(ctx: Context, counts: Counts, length: timedelta) -> list[Block]:
    if counts.until is None:
        return [kit.context(mrkdwn(":information_source: No usage is known yet."))]
    if counts.since is None:
        today = on_day(counts.until.astimezone(UTC).date())
        says = mrkdwn(":information_source: No history before {}. Here is the billing period so far.", today)
        return [kit.context(says)]
    if counts.since > ctx.now - length + timedelta(days=1):
        return [kit.context(mrkdwn(":information_source: No history before {}.", when(counts.since)))]
    return []


def _span(counts: Counts) -> list[Block]:
    if counts.until is None:
        return []
    if counts.since is None:
        return [kit.context(mrkdwn("As of {}.", when(counts.until)))]
    return [kit.context(mrkdwn("Counted from {} to {}.", when(counts.since), when(counts.until)))]


def _totals(movers: list[Mover]) -> list[tuple[str, Mrkdwn]]:
    notices = []
    for label, write, name in (("Rows read", number, "rows_read"), ("Rows written", number, "rows_written"),
                               ("Storage", size, "storage_bytes"), ("Synced", size, "bytes_synced")):  # fmt: skip
        now = amount_of((one.now for one in movers), name)
        before = amount_of((one.before for one in movers), name)
        is_flow = name != "storage_bytes"
        versus = change(now.whole, before.whole, "the previous period") if is_flow else ""
        notices.append((label, mrkdwn("{}{}", now.words(write), versus)))
    return notices


def _table(movers: list[Mover]) -> Table:
    columns = [Plain(name) for name in ("Database", "Rows read", "before", "Rows written", "before")]
    return Table(Plain("Biggest changes"), columns, [_row(one) for one in movers])


def _row(mover: Mover) -> list[Cell]:
    now, before = mover.now, mover.before
    values = (now.rows_read, before.rows_read, now.rows_written, before.rows_written)
    return [Plain(mover.name), *(amount(value, number) for value in values)]


def _named(title: Mrkdwn, names: list[str]) -> list[Block]:
    if not names:
        return []
    shown = joined(", ", (mrkdwn("`{}`", name) for name in names[:15]))
    more = f" and {len(names) - 15} more" if len(names) > 15 else ""
    return [kit.section(mrkdwn("{}: {}{}", title, shown, more))]


def _holds(held: list[Hold]) -> list[Block]:
    if not held:
        return []
    lines = [mrkdwn("• *{}*: {}", hold.database, holds.state(hold)) for hold in held[:10]]
    more = mrkdwn("and {} more", len(held) - 10) if len(held) > 10 else Mrkdwn("")
    return [kit.section(joined("\n", [mrkdwn(":snowflake: *Blocked now*"), *lines, more]))]


def _tokens(tokens: list[LedgerToken]) -> list[Block]:
    if not tokens:
        return []
    first = sorted(tokens, key=lambda one: one.expires_at or one.minted_at)[:8]
    lines = [
        mrkdwn("• *{}*: held by {}, expires {}", one.database, person(one.holder), when(one.expires_at))
        for one in first
        if one.expires_at
    ]
    more = mrkdwn("and {} more", len(tokens) - 8) if len(tokens) > 8 else Mrkdwn("")
    return [kit.section(joined("\n", [mrkdwn(":key: *Tokens that expire this week*"), *lines, more]))]
