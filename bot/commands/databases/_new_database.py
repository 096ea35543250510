"""Helpers of commands that create a database: whether its name is free, which database has it, and its addresses."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from bot.blocks.text import Plain, utc
from bot.commands._sources import with_sources
from bot.commands.base import Context, Facts
from bot.core.model import Target
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import Request, State
from bot.errors import BadInput, NotOurs, OwnerUnknown
from bot.turso import Database, DatabaseNotFound, TursoReader

ARRIVES_WITHIN: Final = timedelta(minutes=5)
"""If the bot created the database, the time in its `DbId` is at most this much later than the time at which the request
was marked as sent, even if the call was slow and the clocks differ by a few minutes."""
MAY_HAVE_MADE_ONE: Final = (State.EXECUTING, State.UNKNOWN)
"""The states of a request that may have created a database, while its `DbId` isn't recorded yet."""
LATEST: Final = 50
"""How many of the newest successful requests are examined for each command.

That is enough, because requests that compete for a name are close in time.
"""
WAITS_SECONDS: Final = 37
"""How long after its start an operation still begins to check whether its database is ready.

Together with the last check, that is less than the 45 seconds on the card, unless Turso is slow to respond.
"""


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
    """Return the refusal of a name that is taken. Only people who may see the database here learn that it exists."""
    if ctx.policy.scope(ctx.subject, "show").covers(await with_sources(ctx.turso, found)):
        return f"`{found.name}` already exists. See `/turso show {found.name}`."
    return f"`{found.name}` isn't available. Choose another name."


async def why_name_taken(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the planned name of a new database is now taken. None if it is free."""
    database = await existing(ctx.turso, str(plan.arguments["name"]))
    return await taken(ctx, database) if database else None


async def was_made(ctx: Context, name: str) -> bool:
    """Return True if the new database exists and nothing shows that another request made it. False if it doesn't exist.

    Raises:
        NotOurs: it was created long after this request was marked as sent, or by another request.
        OwnerUnknown: another request may have created it.
    """
    commands = [one.name for one in ctx.table if one.makes_name]
    return await was_made_by(ctx, name, commands=commands, key="name")


async def was_made_by(ctx: Context, name: str, *, commands: Iterable[str], key: str) -> bool:
    """Return True if the new database exists and nothing shows that another request made it. False if it doesn't exist.

    Args:
        commands: the commands whose other requests may have made it.
        key: the argument of their plans that has the name of the new database.
    Raises:
        NotOurs, OwnerUnknown: as `was_made`.
    """
    database = await existing(ctx.turso, name)
    if database is None:
        return False
    if database.made_at and not _may_be_of(database, ctx.sent_at):
        raise NotOurs(
            f"`{name}` exists, but it was created at {utc(database.made_at)}, long after this request. "
            "Someone else created it."
        )
    unsure = 0
    for command in commands:
        made = await ctx.store.requests.find(states=[State.SUCCEEDED], command=command, limit=LATEST)
        if any(_names(ctx, one, key, name) and one.facts.get("id") == database.id for one in made):
            raise NotOurs(f"`{name}` exists, but another request created it.")
        may_have = await ctx.store.requests.find(states=MAY_HAVE_MADE_ONE, command=command)
        sent = [one for one in may_have if one.sent_at is not None and _may_be_of(database, one.sent_at)]
        unsure += sum(_names(ctx, one, key, name) for one in sent)
    if unsure > 1:  # this request is one of them
        raise OwnerUnknown(f"`{name}` exists, but another request may have created it.")
    return True


def _names(ctx: Context, request: Request, key: str, name: str) -> bool:
    return request.organization == ctx.organization and request.plan.arguments.get(key) == name


def _may_be_of(found: Database, sent_at: datetime | None) -> bool:
    """Return True if a request that was sent at `sent_at` may have made a database."""
    return sent_at is None or found.made_at is None or found.made_at <= sent_at + ARRIVES_WITHIN


def require_copy_of(source: PlanTarget, made: Database) -> None:
    """Raise NotOurs if Turso says that a copy was made from another database, even one of the same name."""
    if made.parent is not None and made.parent.id not in ("", source.id):
        raise NotOurs(
            f"`{made.name}` exists, but it is a copy of a different database than the `{source.name}` in this request."
        )


def new_database(name: str, group: str | None, source: PlanTarget | None = None) -> Target:
    """Return a new database as the policy will see it. A copy has its source and the sources of that source."""
    return Target(name, group, (source.name, *source.sources) if source else ())


async def wait_until_ready(turso: TursoReader, made: Database, *, began: float) -> bool:
    """Wait until a new or woken database is ready. Returns False if it takes too long, or its host isn't trusted.

    Args:
        began: when the operation started, by the event loop's clock.
    """
    left = max(0.5, WAITS_SECONDS - (asyncio.get_running_loop().time() - began))
    return await turso.wait_until_served(made, within_seconds=left)


def facts_of(made: Database) -> dict[str, object]:
    """Return the ID, addresses, group and locations of a new database, as plain JSON. Unknown ones are empty."""
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
