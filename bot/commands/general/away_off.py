"""`/turso away off`: end your absence, so that nobody approves in your place any more."""

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, person
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput


class AwayOffArgs(BaseModel):
    pass


async def plan(ctx: Context, args: AwayOffArgs) -> Plan:
    """Return the plan, which ends the requester's delegation. Refuses if they have none, or it has expired."""
    delegation = await ctx.store.delegations.of(ctx.subject.person.id)
    if delegation is None or delegation.until <= ctx.now:
        raise BadInput(
            "You aren't away. `/turso away --until TIME --to @USER` lets someone else approve in your place."
        )
    return Plan(
        target=None,
        steps=["End your delegation, so that no one approves in your place"],
        arguments={"person": delegation.person, "delegate": delegation.delegate, "until": delegation.until.isoformat()},
    )


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the delegation now has another delegate or end. None otherwise, also if it is gone."""
    now, asked = await ctx.store.delegations.of(plan.arguments["person"]), plan.arguments
    if now is None or (now.delegate, now.until.isoformat()) == (asked["delegate"], asked["until"]):
        return None
    return "The delegation was changed in the meantime."


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Delete the delegation."""
    await ctx.store.delegations.drop(plan.arguments["person"])


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the delegation is deleted."""
    return await ctx.store.delegations.of(plan.arguments["person"]) is None


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that the delegation has ended."""
    arguments = plan.arguments
    head = mrkdwn(":wave: {} can no longer approve for {}.", person(arguments["delegate"]), person(arguments["person"]))
    return reply(head, [kit.section(head)])


command = ChangeCommand(
    name="away off",
    usage="away off",
    summary="End your delegation, so that no one approves in your place",
    args=AwayOffArgs,
    risk=Risk.LOW,
    position=294,
    verb="End delegation",
    purpose="end their delegation",
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
)
