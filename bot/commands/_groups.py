"""The databases of a group, for operations that reach all of them."""

from collections.abc import Collection

from bot.blocks.text import counted
from bot.commands._targets import list_names
from bot.commands.base import Context
from bot.errors import Unavailable
from bot.turso import Listed


async def members_of(ctx: Context, group: str | None) -> list[Listed]:
    """Return every database of a group. Only names, groups and IDs are read, since there may be ten thousand.

    Raises:
        Unavailable: the name, the ID or the group of a database can't be read.
    """
    if not group:
        return []
    found = await ctx.turso.listed(group=group)
    if found.left_out or any(one.group is None for one in found):
        raise Unavailable(
            f"I can't read a database that Turso listed, so I can't tell what this affects in the group `{group}`."
        )
    return [one for one in found if one.group == group]


async def joined_since(ctx: Context, group: str | None, known_ids: Collection[str]) -> str | None:
    """Return which databases have joined a group since a plan, because nobody decided about them. None: no other."""
    known = set(known_ids)
    joined = [one for one in await members_of(ctx, group) if one.id not in known]
    seen = sorted(one.name for one in joined if ctx.scope.covers(one.target))
    named = f" ({list_names(seen)})" if seen else ""
    since = f"joined the group `{group}` since the request"
    return f"{counted(len(joined), 'other database')} {since}{named}." if joined else None


def named_with_group(database: Listed) -> tuple[str, str | None]:
    """Return a database as `Plan.databases` holds it."""
    return database.name, database.group or None
