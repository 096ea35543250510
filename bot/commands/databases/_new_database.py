"""Helpers of commands that create a database: whether its name is free, which database has it, and its addresses."""

import asyncio
from datetime import timedelta
from typing import Final

from bot.blocks.text import Plain, utc
from bot.commands._sources import with_sources
from bot.commands.base import Context, Facts
from bot.core.model import Target
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import State
from bot.errors import BadInput, NotOurs
from bot.turso import Database, DatabaseNotFound, TursoReader

ARRIVES_WITHIN: Final = timedelta(minutes=5)
"""If the bot created the database, the time in its `DbId` is at most this much later than the request, even if the call
was slow or the clocks disagree."""
MADE_ONE: Final = (State.EXECUTING, State.UNKNOWN, State.SUCCEEDED)
"""The states of a request that made a database, or may have."""
LATEST: Final = 50
"""How many requests of a command are looked at, the newest first. Those that compete for a name are close in time."""
WAITS_SECONDS: Final = 37
"""Counted from the start of the operation. With a last check of 5 s, the outcome is posted within 45 s."""


async def existing(turso: TursoReader, name: str) -> Database | None:
    """Return the database of this name, or None if the name is free."""
    try:
        return await turso.database(name)
    except DatabaseNotFound:
        return None


async def require_free(ctx: Context, name: str) -> None:
    """Raise BadInput if a database has this name."""
    if found := await existing(ctx.turso, name):
        raise BadInput(await taken(ctx, found))


async def taken(ctx: Context, found: Database) -> str:
    """Return the refusal of a taken name. Only people who may see the database here learn that it exists."""
    if ctx.policy.scope(ctx.subject, "show").covers(await with_sources(ctx.turso, found)):
        return f"`{found.name}` already exists. See `/turso show {found.name}`."
    return f"`{found.name}` isn't available. Choose another name."


async def why_name_taken(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence that the name of a new database was taken after the plan was made. None if it wasn't."""
    database = await existing(ctx.turso, str(plan.arguments["name"]))
    return await taken(ctx, database) if database else None


async def was_made(ctx: Context, name: str) -> bool:
    """Return True if the new database exists.

    Raises:
        NotOurs: it was created long after this request was sent, or another request may have created it.
    """
    database = await existing(ctx.turso, name)
    if database is None:
        return False
    made_at = database.made_at
    if made_at and ctx.sent_at and made_at > ctx.sent_at + ARRIVES_WITHIN:
        raise NotOurs(
            f"`{name}` exists, but it was created at {utc(made_at)}, long after this request. Someone else created it."
        )
    if await _may_be_of_another_request(ctx, database):
        raise NotOurs(f"`{name}` exists, but another request may have created it.")
    return True


async def _may_be_of_another_request(ctx: Context, found: Database) -> bool:
    """Return True if another request than this one has created a database of this name, or may have."""
    claims = 0
    for command in (one.name for one in ctx.table if one.makes_name):
        for one in await ctx.store.requests.find(states=MADE_ONE, command=command, limit=LATEST):
            same = one.organization == ctx.organization and one.plan.arguments.get("name") == found.name
            claims += same and (one.state is not State.SUCCEEDED or one.facts.get("id") == found.id)
    return claims > 1


def require_copy_of(source: PlanTarget, made: Database) -> None:
    """Raise NotOurs if Turso says that a copy was made from another database, even one of the same name."""
    if made.parent is not None and made.parent.id not in ("", source.id):
        raise NotOurs(
            f"`{made.name}` exists, but it is a copy of a different database than the `{source.name}` in this request."
        )


def new_database(name: str, group: str | None, source: PlanTarget | None = None) -> Target:
    """Return a new database as the policy will see it. A copy also has the sources of its source."""
    return Target(name, group, (source.name, *source.sources) if source else ())


async def wait_until_ready(turso: TursoReader, made: Database, *, began: float) -> bool:
    """Wait until a new database is ready. Returns False if it takes too long.

    Args:
        began: when the operation started, by the event loop's clock.
    """
    left = max(0.5, WAITS_SECONDS - (asyncio.get_running_loop().time() - began))
    return await turso.wait_until_served(made, within_seconds=left)


def facts_of(made: Database) -> dict[str, object]:
    """Return the addresses and the location of a new database, as plain JSON."""
    return {
        "id": made.id,
        "hostname": made.hostname,
        "libsql_url": made.libsql_url,
        "https_url": made.https_url,
        "group": made.group,
        "locations": list(dict.fromkeys(one for one in (made.primary_region, *made.regions) if one)),
    }


async def read_new_database(ctx: Context, plan: Plan) -> Facts:
    """Read the facts of a new database again, but not whether it is ready."""
    return facts_of(await ctx.turso.database(str(plan.arguments["name"])))


def address_lines(facts: Facts) -> list[str]:
    """Return the addresses of a database as lines of text. Unknown addresses are left out."""
    labels = (("libSQL", "libsql_url"), ("HTTPS", "https_url"))
    return [f"{label:<7} {Plain(facts[key])}" for label, key in labels if facts.get(key)]
