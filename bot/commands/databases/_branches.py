"""What is shown about branches: their source, age, owner and end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, counted, duration, joined, mrkdwn, person, when
from bot.commands._targets import UNKNOWN, left_out_note
from bot.commands.base import Context
from bot.commands.rewind._rewinds import makers_of
from bot.core.records.branches import Branch, BranchState
from bot.core.reply import Reply
from bot.turso import Database, Listed

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Origins:
    """What the store knows about branches, by `DbId`."""

    records: Mapping[str, Branch]
    """The branches that were created with `db branch`, or kept after a rewind."""
    rewound_by: Mapping[str, str]
    """The person whose rewind created the branch. It has no owner until somebody keeps it."""


async def origins_of(ctx: Context, databases: Sequence[Database]) -> Origins:
    """Return what the store knows about some databases. Leaves out those that aren't branches or aren't recorded."""
    ids = [one.id for one in databases if one.parent is not None]
    branches = await ctx.store.branches.find(organization=ctx.organization, database_ids=ids) if ids else []
    records = {one.database_id: one for one in branches}
    return Origins(records, await makers_of(ctx, [one for one in ids if one not in records]))


def facts_about(ctx: Context, database: Database, origins: Origins) -> list[tuple[str, Mrkdwn]]:
    """Return the properties of a branch for `show`. Empty for other databases."""
    if database.parent is None:
        return []
    record, maker = origins.records.get(database.id), origins.rewound_by.get(database.id)
    owner = person(record.owner) if record else mrkdwn("unknown, because it wasn't created with `db branch`")
    owner = mrkdwn("none (created by {}'s rewind)", person(maker)) if maker else owner
    return [
        ("Branch of", mrkdwn("{}", database.parent.name or UNKNOWN)),
        ("Age", mrkdwn("{}", _age(ctx, database, record))),
        ("Owner", owner),
        ("Ends", _end(record)),
    ]


async def list_branches(ctx: Context, found: Sequence[Listed], left_out: int = 0) -> Reply:
    """Return a message with the branches among these databases, at most `SHOWN`, sorted by when they end.

    Args:
        left_out: how many entries of Turso's list can't be read. The message counts them, and branches that can't be
            read.
    """
    entries = [one for one in found if one.source]
    branches = [database for one in entries if (database := one.read_or_none())]
    left_out += len(entries) - len(branches)
    origins = await origins_of(ctx, branches)
    records = origins.records
    branches.sort(key=lambda one: (_ends_at(records.get(one.id)), one.name))
    title = mrkdwn(":herb: *{}* in this channel", counted(len(branches), "branch", "branches"))
    lines = [_line(ctx, one, origins) for one in branches[:SHOWN]]
    more = len(branches) - SHOWN
    if more > 0:
        lines.append(mrkdwn("and {} more. A filter such as `/turso ls orders --branches` narrows the list", more))
    hint = mrkdwn("`/turso branch SOURCE NAME --for 3d` creates one.")
    notes = [left_out_note(left_out), hint] if left_out else [hint]
    return reply(
        title, [kit.section(title), *([kit.section(joined("\n", lines))] if lines else []), kit.context(*notes)]
    )


def _line(ctx: Context, database: Database, origins: Origins) -> Mrkdwn:
    source = database.parent.name if database.parent else ""
    record, maker = origins.records.get(database.id), origins.rewound_by.get(database.id)
    owner = mrkdwn(", owned by {}", person(record.owner)) if record else mrkdwn(", owner unknown")
    owner = mrkdwn(", created by {}'s rewind", person(maker)) if maker else owner
    age = _age(ctx, database, record)
    old = "age unknown" if age == UNKNOWN else f"{age} old"
    is_over = record is not None and record.state is BranchState.ENDED
    end = _end(record) if is_over else mrkdwn("ends {}", _end(record))
    return mrkdwn("• `{}` of `{}`, {}{}, {}", database.name, source or UNKNOWN, old, owner, end)


def _age(ctx: Context, database: Database, record: Branch | None) -> str:
    parent = database.parent
    since = (record.created_at if record else None) or (parent.branched_at if parent else None) or database.made_at
    return duration(ctx.now - since) if since else UNKNOWN


def _end(record: Branch | None) -> Mrkdwn:
    if record and record.state is BranchState.ENDING:
        return mrkdwn("now")
    if record and record.state is BranchState.ENDED:
        return mrkdwn("its end date has passed")
    return when(record.ends_at) if record and record.ends_at else mrkdwn("never")


def _ends_at(record: Branch | None) -> float:
    return record.ends_at.timestamp() if record and record.ends_at else float("inf")
