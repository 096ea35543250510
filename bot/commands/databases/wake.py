"""`/turso db wake NAME`: unarchive the group of a database, and wait until the database responds."""

import asyncio
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, counted, duration, mrkdwn
from bot.commands._groups import joined_since, members_of
from bot.commands._lines import command_line
from bot.commands._targets import list_names, plan_target, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases._new_database import wait_until_ready
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import CHANGES_ALONE, Plan
from bot.errors import BadInput, Unavailable
from bot.turso import Database

MEMBERS = "members"
"""Key in a plan's arguments: the `DbId`s of the group's databases."""


class WakeArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def plan(ctx: Context, args: WakeArgs) -> Plan:
    """Return the plan, which names every database of the group. Refuses a database that isn't archived."""
    database = await ctx.turso.database(args.name)
    name, group = database.name, database.group
    if group is None:
        raise Unavailable(f"Turso didn't say which group `{name}` is in, so I can't tell what else would wake.")
    if not group:
        raise BadInput(f"`{name}` isn't in a group. Turso can only wake groups.")
    members, is_archived = await asyncio.gather(members_of(ctx, group), _is_archived(ctx, database))
    if is_archived is False:
        raise BadInput(f"`{name}` isn't archived, so there is nothing to wake.")
    target = await plan_target(ctx, database)
    siblings = {id_: one for id_, one in members.items() if id_ != database.id}
    others = sorted(one.name for one in siblings.values())
    reach = f" and the rest of the group {group}: {list_names(others, at_most=8)}" if others else ""
    return Plan(
        target=target,
        steps=[f"Wake {name}{reach}", f"Wait up to 45 seconds for {name} to respond"],
        arguments={
            "group": group,
            MEMBERS: [database.id, *siblings],
            CHANGES_ALONE: f"archive of the group {ctx.organization}/{group}",
        },
        facts={
            "Archived": "yes" if is_archived else "unknown",
            "Databases in the group": f"{len(others) + 1} ({list_names([name, *others])})",
        },
        warnings=[] if is_archived else ["Turso didn't say whether it is archived"],
        databases=(target.as_seen, *siblings.values()),
    )


async def _is_archived(ctx: Context, database: Database) -> bool | None:
    """Return True if Turso reports the database or its group as archived. None if it reports nothing about either."""
    group = await ctx.turso.group(database.group or "")
    flags = (database.is_archived, group.archived)
    return True if any(flags) else False if False in flags else None


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the database is already awake, or if others have joined its group. None otherwise."""
    target = target_of(plan)
    database = await ctx.turso.database(target.name)
    if await _is_archived(ctx, database) is False:
        return f"`{target.name}` is already awake."
    return await joined_since(ctx, target.group, plan.arguments[MEMBERS])


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Wake the group once, then wait until the database responds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await ctx.turso.unarchive_group(plan.arguments["group"])
    database = await ctx.turso.database(target_of(plan).name)
    served = await wait_until_ready(ctx.turso, database, began=began)
    return {"served": served, "seconds": round(loop.time() - began, 1)}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once Turso reports the database or its group as awake, and neither as archived.

    If Turso doesn't report this for either, return True once the database responds.
    """
    database = await ctx.turso.database(target_of(plan).name)
    is_archived = await _is_archived(ctx, database)
    return is_archived is False or (is_archived is None and await ctx.turso.is_served(database))


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Check whether the database responds now. How long it took to respond isn't known any more."""
    return {"served": await ctx.turso.is_served(await ctx.turso.database(target_of(plan).name))}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: whether the database responds, how long that took, and what else was woken."""
    name, served = target_of(plan).name, facts.get("served")
    head = mrkdwn(":sunrise: *{}* is awake{}", name, _responds(served, facts.get("seconds")))
    late = mrkdwn("It can take a few minutes to respond. `/turso show {}` shows its state.", name)
    row = buttons.run(1, "Show", command_line("show", name))
    return reply(
        head,
        [
            kit.section(head),
            *([kit.context(late)] if served is False else []),
            *([kit.context(others)] if (others := _others(plan)) else []),
            *kit.actions(*row),
        ],
    )


def _responds(served: bool | None, seconds: float | None) -> str:
    """Return the end of the headline: whether the database responds, and how long that took, as far as known."""
    if served is None:
        return "."
    if not served:
        return ", but isn't responding yet."
    if seconds is None:
        return " and responds."
    return f". It responded after {duration(timedelta(seconds=max(1, seconds)))}."


def _others(plan: Plan) -> Mrkdwn | None:
    names = sorted(one.name for one in plan.databases if one.name != target_of(plan).name)
    if not names:
        return None
    whole = counted(len(names), "other database")
    return mrkdwn("This also woke {} in the group `{}`: {}", whole, plan.arguments["group"], list_names(names))


command = ChangeCommand(
    name="wake",
    usage="db wake NAME",
    summary="Wake an archived database and its group",
    args=WakeArgs,
    risk=Risk.LOW,
    position=195,
    verb="Wake database",
    purpose="wake {}",
    aliases=("unarchive", "wakeup"),
    synonyms=("awake", "resume"),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=facts_again,
    reaches_others=True,
)
