"""The databases of a group, for operations that affect all of them."""

from collections.abc import Collection, Mapping

from bot.blocks.text import counted
from bot.commands._sources import with_far_sources
from bot.commands._targets import list_names
from bot.commands.base import Context
from bot.core.model import Target
from bot.errors import Unavailable


async def members_of(ctx: Context, group: str | None) -> Mapping[str, Target]:
    """Return every database of a group as the policy sees it, by `DbId`. A group may have ten thousand.

    Empty without a group.

    Raises:
        TursoError: a call failed.
        Unavailable: the name, the ID or the group of a database can't be read.
    """
    if not group:
        return {}
    listing = await ctx.turso.listed(group=group)
    if listing.left_out or any(one.group is None for one in listing):
        raise Unavailable(
            "Turso's list of databases has an entry that I can't interpret, so I can't tell what this affects in the "
            f"group `{group}`."
        )
    names = {one.name for one in listing}
    return {
        one.id: target if names.issuperset(target.sources[-1:]) else await with_far_sources(ctx.turso, target)
        for one, target in listing.with_targets()
        if one.group == group
    }


async def joined_since(ctx: Context, group: str | None, known_ids: Collection[str]) -> str | None:
    """Return a sentence about databases that have joined a group since a plan was made. None if none have.

    The approval of the plan doesn't cover them.

    Raises:
        TursoError, Unavailable: as `members_of`.
    """
    known = set(known_ids)
    joined = [target for id_, target in (await members_of(ctx, group)).items() if id_ not in known]
    seen = sorted(one.name for one in joined if ctx.scope.covers(one))
    named = f" ({list_names(seen)})" if seen else ""
    since = f"joined the group `{group}` since the request"
    return f"{counted(len(joined), 'other database')} {since}{named}." if joined else None
