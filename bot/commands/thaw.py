"""`/turso db thaw NAME`: open what was frozen or blocked by others; a quarantine stays."""

from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.blocks.verbs import verb_of
from bot.commands import holds
from bot.commands.base import Changing, Context, Facts
from bot.commands.lines import command_line
from bot.commands.targets import plan_target, target_of
from bot.core.arguments import DatabaseName, Positional
from bot.core.model import Risk
from bot.core.plan import Plan
from bot.core.reply import Reply
from bot.core.request import HoldKind
from bot.errors import BadInput

LIFTS = (HoldKind.FREEZE, HoldKind.FOUND)


class ThawArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def plan(ctx: Context, args: ThawArgs) -> Plan:
    """Say what opens, and what does not."""
    database = await ctx.turso.database(args.name)
    now = await ctx.turso.configuration(args.name)
    held = await holds.holds_of(ctx, database.id)
    if not (now.block_reads or now.block_writes):
        raise BadInput(f"`{args.name}` is not blocked: there is nothing to thaw.")
    if any(hold.kind is HoldKind.QUARANTINE for hold in held):
        raise BadInput(f"`{args.name}` is in quarantine: `/turso restore {args.name}` undoes that.")
    blocked = " and ".join(word for word, on in (("reads", now.block_reads), ("writes", now.block_writes)) if on)
    others = [] if held else ["It was not blocked from here: somebody may have had a reason"]
    return Plan(
        target=plan_target(database),
        steps=[f"Open {blocked} of {args.name}"],
        facts={"Blocked now": blocked, **holds.told(held)},
        warnings=others,
        databases=((database.name, database.group or None),),
    )


async def act(ctx: Context, plan: Plan) -> None:
    """Open all that no quarantine needs."""
    await holds.lift(ctx.turso, ctx.memory, holds.lift_all(plan, LIFTS))


async def read_back(ctx: Context, plan: Plan) -> bool:
    """True once Turso itself says so."""
    return await holds.is_lifted(ctx.turso, ctx.memory, holds.lift_all(plan, LIFTS))


def message(plan: Plan, facts: Facts) -> Reply:
    """It is open."""
    name = target_of(plan).name
    head = mrkdwn(":sunny: *{}* is open again.", name)
    return reply(head, [kit.section(head), *kit.actions(*buttons.run(1, "Show", command_line("show", name)))])


command = Changing(
    name="thaw",
    usage="db thaw NAME",
    summary="Open a database that is blocked",
    args=ThawArgs,
    risk=Risk.MEDIUM,
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    verb=verb_of("thaw"),
    lifts=frozenset(LIFTS),
)
