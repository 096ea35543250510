"""What is shown about branches: their source, age, owner and end."""

from collections.abc import Sequence
from typing import Final

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, counted, duration, joined, mrkdwn, person, when
from bot.commands._targets import UNKNOWN
from bot.commands.base import Context
from bot.core.records.branches import Branch, BranchState
from bot.core.reply import Reply
from bot.turso import Database, Listed

SHOWN: Final = 20


async def record_of(ctx: Context, database: Database) -> Branch | None:
    """Return what the ledger says about a branch. None: it is no branch, or wasn't created with Turso Ops."""
    if database.parent is None:
        return None
    found = await ctx.store.branches.find(organization=ctx.organization, database_ids=[database.id])
    return next(iter(found), None)


def facts_about(ctx: Context, database: Database, record: Branch | None) -> list[tuple[str, Mrkdwn]]:
    """Return the properties of a branch for `show`. Nothing for other databases."""
    if database.parent is None:
        return []
    owner = person(record.owner) if record else mrkdwn("unknown, because it wasn't created with `db branch`")
    return [
        ("Branch of", mrkdwn("{}", database.parent.name or UNKNOWN)),
        ("Age", mrkdwn("{}", _age(ctx, database, record))),
        ("Owner", owner),
        ("Ends", _end(record)),
    ]


async def list_branches(ctx: Context, found: Sequence[Listed]) -> Reply:
    """Return the branches among these databases, those that end first first."""
    branches = [database for one in found if one.source and (database := one.read_or_none())]
    recorded = await ctx.store.branches.find(organization=ctx.organization, database_ids=[one.id for one in branches])
    records = {one.database_id: one for one in recorded}
    branches.sort(key=lambda one: (_ends_at(records.get(one.id)), one.name))
    title = mrkdwn(":herb: *{}* in this channel", counted(len(branches), "branch", "branches"))
    lines = [_line(ctx, one, records.get(one.id)) for one in branches[:SHOWN]]
    more = len(branches) - SHOWN
    lines += (
        [mrkdwn("and {} more. A filter such as `/turso ls orders --branches` narrows it", more)] if more > 0 else []
    )
    hint = mrkdwn("`/turso branch SOURCE NAME --for 3d` creates one.")
    return reply(title, [kit.section(title), *([kit.section(joined("\n", lines))] if lines else []), kit.context(hint)])


def _line(ctx: Context, database: Database, record: Branch | None) -> Mrkdwn:
    source = database.parent.name if database.parent else ""
    owner = mrkdwn(", owned by {}", person(record.owner)) if record else mrkdwn(", owner unknown")
    age = _age(ctx, database, record)
    old = "age unknown" if age == UNKNOWN else f"{age} old"
    return mrkdwn("• `{}` of `{}`, {}{}, ends {}", database.name, source or UNKNOWN, old, owner, _end(record))


def _age(ctx: Context, database: Database, record: Branch | None) -> str:
    parent = database.parent
    since = (record.created_at if record else None) or (parent.branched_at if parent else None) or database.made_at
    return duration(ctx.now - since) if since else UNKNOWN


def _end(record: Branch | None) -> Mrkdwn:
    if record and record.state is BranchState.ENDING:
        return mrkdwn("now")
    return when(record.ends_at) if record and record.ends_at else mrkdwn("never")


def _ends_at(record: Branch | None) -> float:
    return record.ends_at.timestamp() if record and record.ends_at else float("inf")
