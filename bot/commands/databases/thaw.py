"""`/turso db thaw NAME`: unblock a database, but not a quarantine. The Thaw button of an open item ends one freeze."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands._lines import command_line
from bot.commands._targets import plan_target, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases import _holds as holds
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.records.holds import Hold, HoldKind
from bot.core.reply import Reply
from bot.core.requests.plan import Plan, PlanTarget
from bot.errors import BadInput

ENDS = "ends"
"""Key in a plan's arguments: the IDs of the holds that end, as shown on its card."""
ONE = "one"
"""Key in a plan's arguments: True if the plan ends one freeze and keeps other holds, as for an open item."""


class ThawArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def plan(ctx: Context, args: ThawArgs) -> Plan:
    """Return the plan: what will be unblocked, and what stays blocked."""
    database = await ctx.turso.database(args.name)
    blocks = await holds.blocked(ctx.turso, args.name)
    blocked = describe_blocks(blocks)
    held, target = await holds.holds_of(ctx, database.id), await plan_target(ctx, database)
    if ctx.follow_up and (one := ctx.follow_up.hold):
        return _plan_of_one(target, one, blocked, held)
    if not blocked:
        raise BadInput(f"`{args.name}` isn't blocked, so there is nothing to thaw.")
    if any(hold.kind is HoldKind.QUARANTINE for hold in held):
        raise BadInput(f"`{args.name}` is in quarantine. `/turso restore {args.name}` restores it.")
    others = [] if held else ["Turso Ops didn't set this block. Someone else may have had a reason for it"]
    return Plan(
        target=target,
        steps=[f"Unblock {blocked} to {args.name}"],
        arguments=_arguments(held, *blocks),
        facts={"Blocked now": blocked, **holds.holds_fact(held)},
        warnings=others,
        databases=(target.as_seen,),
    )


def _plan_of_one(target: PlanTarget, freeze: Hold, blocked: str, held: Sequence[Hold]) -> Plan:
    """Return the plan that ends one freeze. Other holds stay."""
    others = [hold for hold in held if hold.id != freeze.id]
    stays = [f"Keep the other blocks on {target.name}"] if others else []
    return Plan(
        target=target,
        steps=[f"End this freeze on {target.name} ({holds.extent(freeze)})", *stays],
        arguments={**_arguments([freeze], freeze.block_reads, freeze.block_writes), ONE: True},
        facts={"Blocked now": blocked or "nothing", **holds.holds_fact(held)},
        databases=(target.as_seen,),
    )


def _arguments(ended: Sequence[Hold], reads: bool, writes: bool) -> dict[str, Any]:
    return {ENDS: sorted(hold.id for hold in ended), "block_reads": reads, "block_writes": writes}


def holds_ended_by(plan: Plan) -> frozenset[str]:
    """Return the IDs of the holds that a plan ends."""
    return frozenset(plan.arguments.get(ENDS, ()))


def describe_blocks(blocked: holds.Blocks) -> str:
    """Return what is blocked, in words. Empty if nothing is."""
    return " and ".join(word for word, on in zip(("reads", "writes"), blocked, strict=True) if on)


def _lift(plan: Plan) -> holds.Lift:
    target, ended = target_of(plan), holds_ended_by(plan)
    return holds.Lift(target.name, target.id, lambda hold: hold.id in ended, _planned_blocks(plan))


def _planned_blocks(plan: Plan) -> holds.Blocks:
    return bool(plan.arguments.get("block_reads")), bool(plan.arguments.get("block_writes"))


_RUN_AGAIN: Final = "Run `thaw` again to unblock all of it."


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if an open item's freeze has ended, or if more is blocked than the card shows. Or None."""
    target, ended = target_of(plan), holds_ended_by(plan)
    held = {hold.id for hold in await holds.holds_of(ctx, target.id)}
    if plan.arguments.get(ONE):
        return None if held & ended else f"This freeze on `{target.name}` has already ended."
    if held - ended:
        return f"`{target.name}` was blocked again after this request. {_RUN_AGAIN}"
    if holds.has_more_blocks(await holds.blocked(ctx.turso, target.name), _planned_blocks(plan)):
        return f"More of `{target.name}` is blocked now than when this was requested. {_RUN_AGAIN}"
    return None


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Remove the planned blocks, except those that another hold needs."""
    await holds.lift(ctx.turso, ctx.store, _lift(plan))
    return await read_remaining_blocks(ctx, plan)


async def read_remaining_blocks(ctx: Context, plan: Plan) -> Facts:
    """Read which blocks remain for other reasons."""
    return {"still": describe_blocks(await holds.blocked(ctx.turso, target_of(plan).name))}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the planned blocks are removed, except those that another hold needs."""
    return await holds.is_lifted(ctx.turso, ctx.store, _lift(plan))


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: unblocked, or what stays blocked."""
    name, stays = target_of(plan).name, facts.get("still")
    head = mrkdwn(":sunny: *{}* is unblocked.", name)
    if stays:
        head = mrkdwn(":sunny: The freeze on *{}* has ended, but {} are still blocked for another reason.", name, stays)
    return reply(head, [kit.section(head), *kit.actions(*buttons.run(1, "Show", command_line("show", name)))])


command = ChangeCommand(
    name="thaw",
    usage="db thaw NAME",
    summary="Unblock a database",
    args=ThawArgs,
    risk=Risk.MEDIUM,
    position=190,
    verb="Thaw",
    purpose="thaw {}",
    synonyms=("unfreeze", "unblock", "unlock"),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    lifts=True,
    drift=drift,
    facts_again=read_remaining_blocks,
)
