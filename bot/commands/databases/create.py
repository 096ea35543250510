"""`/turso db create NAME [--group G] [--location L]`: create a database and wait until it is ready."""

import asyncio
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import joined, mrkdwn
from bot.commands._lines import command_line
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases._create_place import differences, require_location, require_place, where_created
from bot.commands.databases._new_database import (
    address_lines,
    facts_of,
    new_database,
    read_new_database,
    require_free,
    wait_until_ready,
    was_made,
    why_name_taken,
)
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, GroupName, LocationCode, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.turso.places import default_group_of


class CreateArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    group: GroupName | None = None
    location: LocationCode | None = None


async def plan(ctx: Context, args: CreateArgs) -> Plan:
    """Return the plan. Refuses a name that isn't available, and a group or location that doesn't exist."""
    _, groups, _ = await asyncio.gather(
        require_free(ctx, args.name), ctx.turso.groups_if_any(), require_location(ctx, args.location)
    )
    group = args.group or default_group_of(groups)
    require_place(ctx, groups, group, args.location)
    where = f"in the group {group}" if group else "without a group"
    at = f" at {args.location}" if args.location else ""
    return Plan(
        target=None,
        steps=[f"Create the database {args.name} {where}{at}", "Wait up to 45 seconds for it to be ready"],
        arguments={"name": args.name, "group": group, "location": args.location},
        facts={"Database": args.name, "Group": group or "none"},
        databases=(new_database(args.name, group),),
    )


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Create the database once, then wait until it is ready."""
    began = asyncio.get_running_loop().time()
    arguments = plan.arguments
    made = await ctx.turso.create_database(arguments["name"], group=arguments["group"], location=arguments["location"])
    return {**facts_of(made), "served": await wait_until_ready(ctx.turso, made, began=began)}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True if the database exists. Raises NotOurs or OwnerUnknown if somebody else created it, or may have."""
    return await was_made(ctx, plan.arguments["name"])


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message with the database's place, its addresses and what differs from the request."""
    name = str(plan.arguments["name"])
    served = facts.get("served")
    head = mrkdwn(":sparkles: *{}* is ready.", name)
    if not served:
        head = mrkdwn(":sparkles: *{}* was created{}.", name, " but isn't ready yet" if served is False else "")
    differs = differences(plan.arguments, facts)
    late = mrkdwn("A new database can take a minute to become ready.")
    row = [*buttons.run(1, "Token for 1 h", command_line("token", name))]
    row += buttons.run(2, "Show", command_line("show", name))
    return reply(
        head,
        [
            kit.section(head),
            *([kit.section(joined(" ", [mrkdwn(":warning:"), *differs]))] if differs else []),
            *([kit.context(where)] if (where := where_created(facts)) else []),
            *kit.preformatted(*address_lines(facts)),
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
    quick_label="Create",
    verb="Create database",
    purpose="create {}",
    makes_name=True,
    synonyms=("new", "make", "add"),
    plan=plan,
    drift=why_name_taken,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=read_new_database,
)
