"""`/turso alert unmute`: post new alerts in this channel again."""

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput


class AlertUnmuteArgs(BaseModel):
    pass


async def plan(ctx: Context, args: AlertUnmuteArgs) -> Plan:
    """Return the plan. Refuses a channel whose alerts aren't muted."""
    if not await _is_muted(ctx):
        raise BadInput("Alerts in this channel aren't muted.")
    return Plan(target=None, steps=["Post new alerts in this channel again"])


async def _is_muted(ctx: Context) -> bool:
    return any(one.channel_id == ctx.subject.channel.id for one in await ctx.store.alerts.mutes(ctx.now))


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Delete the channel's mute."""
    await ctx.store.alerts.unmute(ctx.subject.channel.id)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the mute is deleted or has ended."""
    return not await _is_muted(ctx)


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that alerts are posted again."""
    head = mrkdwn(":bell: New alerts are posted in this channel again.")
    return reply(head, [kit.section(head)])


command = ChangeCommand(
    name="alert unmute",
    usage="alert unmute",
    summary="Post new alerts in this channel again",
    args=AlertUnmuteArgs,
    risk=Risk.LOW,
    position=278,
    verb="Unmute alerts",
    purpose="unmute alerts",
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
)
