"""`/turso db create NAME [--group G] [--location L]`: create a database and wait until it is ready."""

import asyncio
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Plain, joined, mrkdwn, utc
from bot.commands._lines import command_line
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases._create_place import differences, made_where, require_location, require_place
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, GroupName, LocationCode, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput, NotOurs
from bot.turso import Database, DatabaseNotFound
from bot.turso.places import default_group_of

ARRIVES_WITHIN = timedelta(minutes=5)
"""A database of ours has a `DbId` at most this much later than the request, even with a slow call and wrong clocks."""
WAITS_SECONDS = 37
"""Counted from the start of the operation. With a last check of 5 s, the outcome is posted within 45 s."""


class CreateArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    group: GroupName | None = None
    location: LocationCode | None = None


async def plan(ctx: Context, args: CreateArgs) -> Plan:
    """Check that the name is available and that the group and the location exist."""
    existing, groups, _ = await asyncio.gather(
        _existing(ctx, args.name), ctx.turso.groups_if_any(), require_location(ctx, args.location)
    )
    if existing:
        raise BadInput(_taken(ctx, existing))
    group = args.group or default_group_of(groups)
    require_place(ctx, groups, group, args.location)
    where = f"in the group {group}" if group else "without a group"
    at = f" at {args.location}" if args.location else ""
    return Plan(
        target=None,
        steps=[f"Create the database {args.name} {where}{at}", "Wait until it is ready, for up to 45 seconds"],
        arguments={"name": args.name, "group": group, "location": args.location},
        facts={"Database": args.name, "Group": group or "none"},
        databases=((args.name, group),),
    )


def _taken(ctx: Context, existing: Database) -> str:
    """Return the refusal of a taken name. Only those who may see the database here learn that it exists."""
    if ctx.policy.scope(ctx.subject, "show").covers(existing.target):
        return f"`{existing.name}` already exists. See `/turso show {existing.name}`."
    return f"`{existing.name}` isn't available. Choose another name."


async def _existing(ctx: Context, name: str) -> Database | None:
    try:
        return await ctx.turso.database(name)
    except DatabaseNotFound:
        return None


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return that the name has been taken meanwhile, or None."""
    existing = await _existing(ctx, str(plan.arguments["name"]))
    return _taken(ctx, existing) if existing else None


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Create the database once, then wait until it is ready."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked = plan.arguments
    made = await ctx.turso.create_database(asked["name"], group=asked["group"], location=asked["location"])
    left = max(0.5, WAITS_SECONDS - (loop.time() - began))
    served = await ctx.turso.wait_until_served(made, within_seconds=left)
    return {**_facts(made), "served": served}


def _facts(made: Database) -> dict[str, object]:
    return {
        "id": made.id,
        "hostname": made.hostname,
        "libsql_url": made.libsql_url,
        "https_url": made.https_url,
        "group": made.group,
        "locations": list(dict.fromkeys(one for one in (made.primary_region, *made.regions) if one)),
    }


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Read its addresses and location, but not whether it is ready."""
    return _facts(await ctx.turso.database(plan.arguments["name"]))


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True if the database exists. Raises NotOurs if it was created long after this request was sent."""
    found = await _existing(ctx, plan.arguments["name"])
    made_at = found.made_at if found else None
    if made_at and ctx.sent_at and made_at > ctx.sent_at + ARRIVES_WITHIN:
        raise NotOurs(
            f"`{plan.arguments['name']}` exists, but it was created at {utc(made_at)}, long after this request. "
            "Someone else created it."
        )
    return found is not None


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message with its addresses and a button for a token."""
    name = str(plan.arguments["name"])
    served = facts.get("served")
    head = mrkdwn(":sparkles: *{}* is ready.", name)
    if not served:
        head = mrkdwn(":sparkles: *{}* was created{}.", name, " but isn't ready yet" if served is False else "")
    differs = differences(plan.arguments, facts)
    late = mrkdwn("A new database can take a minute to become ready.")
    urls = [f"{label:<7} {Plain(facts[key])}" for label, key in (("libSQL", "libsql_url"), ("HTTPS", "https_url"))
            if facts.get(key)]  # fmt: skip
    row = [*buttons.run(1, "Token for 1 h", command_line("token", name))]
    row += buttons.run(2, "Show", command_line("show", name))
    return reply(
        head,
        [
            kit.section(head),
            *([kit.section(joined(" ", [mrkdwn(":warning:"), *differs]))] if differs else []),
            *([kit.context(where)] if (where := made_where(facts)) else []),
            *kit.preformatted(*urls),
            *([kit.context(late)] if served is False else []),
            *kit.actions(*row),
        ],
    )


command = ChangeCommand(
    name="create",
    usage="db create NAME [--group G] [--location L]",
    summary="Create a database",
    args=CreateArgs,
    risk=Risk.LOW,
    position=160,
    verb="Create database",
    purpose="create {}",
    makes_name=True,
    synonyms=("new", "make", "add"),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=facts_again,
)
