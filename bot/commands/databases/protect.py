"""`/turso db protect NAME on|off`: turn delete protection on or off."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands._targets import UNKNOWN, plan_target, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, OnOff, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput


class ProtectArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    protection: Annotated[OnOff, Positional()] = Field(alias="on")


async def plan(ctx: Context, args: ProtectArgs) -> Plan:
    """Return the plan. Refuses the state that the database already has."""
    database, now = await asyncio.gather(ctx.turso.database(args.name), ctx.turso.configuration(args.name))
    if now.delete_protection == args.protection:
        raise BadInput(f"Delete protection for `{args.name}` is already {_word(args.protection)}.")
    target = await plan_target(ctx, database)
    return Plan(
        target=target,
        steps=[f"Turn {_word(args.protection)} delete protection for {args.name}"],
        arguments={"on": args.protection},
        facts={"Delete protection now": UNKNOWN if now.delete_protection is None else _word(now.delete_protection)},
        warnings=[] if args.protection else ["It can be destroyed afterwards"],
        databases=(target.as_seen,),
    )


def _word(on: bool) -> str:
    return "on" if on else "off"


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Set delete protection and nothing else."""
    await ctx.turso.configure(target_of(plan).name, delete_protection=plan.arguments["on"])


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once Turso reports the new state."""
    now = await ctx.turso.configuration(target_of(plan).name)
    return now.delete_protection is bool(plan.arguments["on"])


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message about the new state."""
    on = plan.arguments["on"]
    sign = mrkdwn(":shield:") if on else mrkdwn(":unlock:")
    head = mrkdwn("{} Delete protection for *{}* is {}.", sign, target_of(plan).name, _word(on))
    return reply(head, [kit.section(head)])


command = ChangeCommand(
    name="protect",
    usage="db protect NAME on/off",
    summary="Turn delete protection on or off",
    args=ProtectArgs,
    risk=Risk.MEDIUM,
    position=200,
    verb="Change delete protection",
    purpose="change delete protection for {}",
    purpose_by=("on", {True: "turn on delete protection for {}", False: "turn off delete protection for {}"}),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
)
