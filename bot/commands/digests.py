"""What a usage digest says: totals and movers against the period before, what idles, what is held, what ends."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.table import Cell, Number, Table
from bot.blocks.text import Mrkdwn, Plain, counted, joined, mrkdwn, number, person, size, when
from bot.commands import holds
from bot.commands.base import Context
from bot.commands.samples import Course, courses, is_after, moment, nearest, samples_of
from bot.core.model import Target
from bot.core.reply import Block, Reply
from bot.core.request import Hold, LedgerToken, UsageSample
from bot.turso import Listed, TursoError
from bot.turso.models import Usage

MOVERS: Final = 5
IDLE_DAYS: Final = 14
ENDS_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mover:
    """A database with what it used in the period and in the one before."""

    name: str
    now: Usage
    before: Usage

    @property
    def change(self) -> int:
        """By how many rows, read and written, it differs."""
        return self.now.rows_read + self.now.rows_written - self.before.rows_read - self.before.rows_written


async def digest(ctx: Context, length: timedelta) -> Reply:
    """Read once, compare, and say it in one message; the databases are those of the channel.

    It begins at the measuring that is nearest to `length` ago: the digest before this one measures at its moment.

    Raises:
        TursoError: Turso does not list the databases; then there is nothing to say.
    """
    databases = await ctx.visible_databases()
    names = {one.id: one.name for one in databases}
    today = ctx.now.astimezone(UTC).date()
    samples, held, tokens = await asyncio.gather(_samples(ctx, databases, length), _held(ctx), _ending(ctx))
    since = nearest(samples, ctx.now - length, within=length / 2)
    long_ago = nearest(samples, since - length, within=length / 2)
    now = {key: one for key, one in courses(samples, since=since).items() if key in names}
    earlier = courses([one for one in samples if not is_after(one, since)], since=long_ago)
    movers = [Mover(name, _total(now, key), _total(earlier, key)) for key, name in names.items()]
    idle = _idle(courses(samples, since=today - timedelta(days=IDLE_DAYS)), names, today)
    return _message(ctx, movers, idle, held, tokens, length, since, known_since=_known(now))


async def _samples(ctx: Context, databases: list[Listed], length: timedelta) -> list[UsageSample]:
    """What was measured so far; in place of today's sample what is true now, or was measured this minute."""
    now = moment(ctx.now)
    today = now[:10]
    reach = max(2 * length + length, timedelta(days=IDLE_DAYS)) + timedelta(days=2)
    found = await ctx.memory.samples(
        organization=ctx.organization,
        since=moment(ctx.now - reach)[:10],
        until=now,
        databases=[one.name for one in databases],
    )
    if any(one.day == now for one in found):
        return [one for one in found if one.day != today]
    try:
        usage = await ctx.turso.organization_usage()
    except TursoError:
        return found
    earlier = [one for one in found if one.day != today]
    return [*earlier, *samples_of(ctx.organization, databases, usage, now)]


async def measure(ctx: Context) -> None:
    """Measure at this moment, so that the next digest can begin exactly here."""
    databases, usage = await asyncio.gather(ctx.turso.listed(), ctx.turso.organization_usage())
    await ctx.memory.add_samples(samples_of(ctx.organization, databases, usage, moment(ctx.now)))


async def _held(ctx: Context) -> list[Hold]:
    held = await ctx.memory.holds(organization=ctx.organization)
    return [hold for hold in held if ctx.scope.covers(Target(hold.database))]


async def _ending(ctx: Context) -> list[LedgerToken]:
    found = await ctx.memory.tokens(organization=ctx.organization, live_at=ctx.now)
    soon = [one for one in found if one.expires_at and one.expires_at <= ctx.now + ENDS_WITHIN]
    return [one for one in soon if ctx.scope.covers(Target(one.database, one.group or ""))]


def _total(found: Mapping[str, Course], key: str) -> Usage:
    return found[key].total if key in found else Usage()


def _known(found: Mapping[str, Course]) -> date | None:
    return min((one.known_since for one in found.values() if one.known_since), default=None)


def _idle(found: Mapping[str, Course], names: Mapping[str, str], today: date) -> list[str]:
    """Return the databases without a read for `IDLE_DAYS`; one that is not known for so long is not called idle."""
    since = today - timedelta(days=IDLE_DAYS)
    return sorted(
        names[key]
        for key, course in found.items()
        if key in names and course.known_since == since and course.total.rows_read == 0
    )


def _message(
    ctx: Context,
    movers: list[Mover],
    idle: list[str],
    held: list[Hold],
    tokens: list[LedgerToken],
    length: timedelta,
    since: datetime,
    *,
    known_since: date | None,
) -> Reply:
    days = length.days
    span = "last day" if days == 1 else f"last {days} days"
    title = mrkdwn(":newspaper: *Turso digest* of the {}: {}", span, counted(len(movers), "database"))
    counts = kit.context(mrkdwn("Counted from {} to {}.", when(since), when(ctx.now)))
    head = [kit.section(title), *kit.fields(_totals(movers))]
    top = sorted((one for one in movers if one.change), key=lambda one: -abs(one.change))[:MOVERS]
    table = _table(top) if top else None
    rest = [
        *_list(":zzz: *Not read for {} days*: {}", IDLE_DAYS, idle),
        *_holds(held),
        *_tokens(tokens),
        *_reach(since.astimezone(UTC).date(), known_since),
        counts,
        *kit.actions(*buttons.run(1, "Usage", "usage"), *buttons.run(2, "Databases", "list")),
    ]
    drawn = [table.block()] if table else []
    return reply(title, [*head, *drawn, *rest], plain_blocks=[*head, *table.plain(), *rest] if table else ())


def _totals(movers: list[Mover]) -> list[tuple[str, Mrkdwn]]:
    now, before = sum((one.now for one in movers), Usage()), sum((one.before for one in movers), Usage())
    return [
        ("Rows read", mrkdwn("{}{}", number(now.rows_read), _change(now.rows_read, before.rows_read))),
        ("Rows written", mrkdwn("{}{}", number(now.rows_written), _change(now.rows_written, before.rows_written))),
        ("Storage", mrkdwn("{}", size(now.storage_bytes))),
        ("Synced", mrkdwn("{}{}", size(now.bytes_synced), _change(now.bytes_synced, before.bytes_synced))),
    ]


def _change(now: int, before: int) -> str:
    return f" ({round(100 * (now - before) / before):+,} % against the period before)" if before else ""


def _table(movers: list[Mover]) -> Table:
    columns = [Plain(name) for name in ("Mover", "Rows read", "before", "Rows written", "before")]
    return Table(Plain("What moved most"), columns, [_row(one) for one in movers])


def _row(one: Mover) -> list[Cell]:
    now, before = one.now, one.before
    values = (now.rows_read, before.rows_read, now.rows_written, before.rows_written)
    return [Plain(one.name), *(Number(value, number(value)) for value in values)]


def _list(words: str, days: int, names: list[str]) -> list[Block]:
    if not names:
        return []
    shown = joined(", ", (mrkdwn("`{}`", name) for name in names[:15]))
    more = f" and {len(names) - 15} more" if len(names) > 15 else ""
    return [kit.section(Mrkdwn(words.format(days, shown) + more))]


def _holds(held: list[Hold]) -> list[Block]:
    if not held:
        return []
    lines = [mrkdwn("• *{}*: {}", hold.database, holds.describe(hold)) for hold in held[:10]]
    more = mrkdwn("and {} more", len(held) - 10) if len(held) > 10 else Mrkdwn("")
    return [kit.section(joined("\n", [mrkdwn(":snowflake: *Blocked now*"), *lines, more]))]


def _tokens(tokens: list[LedgerToken]) -> list[Block]:
    if not tokens:
        return []
    first = sorted(tokens, key=lambda one: one.expires_at or one.minted_at)[:8]
    lines = [
        mrkdwn("• *{}* of {}, {}", one.database, person(one.holder), when(one.expires_at))
        for one in first
        if one.expires_at
    ]
    more = mrkdwn("and {} more", len(tokens) - 8) if len(tokens) > 8 else Mrkdwn("")
    return [kit.section(joined("\n", [mrkdwn(":key: *Tokens that end this week*"), *lines, more]))]


def _reach(since: date, known: date | None) -> list[Block]:
    if known is None:
        return [kit.context(mrkdwn(":information_source: Nothing was measured yet: samples are taken once a day."))]
    if known > since:
        return [kit.context(mrkdwn(":information_source: Daily samples go back to {} only.", known))]
    return []
