"""`/turso alert mute [--for 1h]`: post no new alerts in this channel for a while."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, span, when
from bot.commands._lines import command_line
from bot.commands.alerts._subscriptions import subscription_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.alerts import Mute
from bot.core.model import Risk
from bot.core.parsing.arguments import Duration
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput

USUAL: Final = timedelta(hours=1)
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=30)


class AlertMuteArgs(BaseModel):
    lasting: Duration = Field(USUAL, alias="for")


async def plan(ctx: Context, args: AlertMuteArgs) -> Plan:
    """Return the plan: until when nothing is posted."""
    if not SHORTEST <= args.lasting <= LONGEST:
        raise BadInput("Alerts can be muted for `1m` to `30d`. `/turso alert off` turns them off.")
    if await subscription_of(ctx) is None:
        raise BadInput("Alerts are off in this channel. Turn them on with `/turso alert on`.")
    return Plan(
        target=None,
        steps=[f"Post no new alerts in this channel for {span(args.lasting)}",
               "Then post the alerts that still apply"],
        arguments={"until": (ctx.now + args.lasting).isoformat()},
    )  # fmt: skip


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Store the mute. It replaces an earlier one."""
    until = datetime.fromisoformat(plan.arguments["until"])
    await ctx.store.alerts.mute(Mute(ctx.subject.channel.id, until, ctx.subject.person.id))


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the mute is stored or its time is over."""
    until, here = datetime.fromisoformat(plan.arguments["until"]), ctx.subject.channel.id
    stored = await ctx.store.alerts.mutes(ctx.now)
    return until <= ctx.now or any(one.channel_id == here and one.until == until for one in stored)


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that says until when nothing is posted."""
    until = when(datetime.fromisoformat(plan.arguments["until"]))
    head = mrkdwn(":no_bell: No new alerts in this channel until {}.", until)
    note = mrkdwn("Any that still apply then will be posted.")
    return reply(
        head,
        [kit.section(head), kit.context(note), *kit.actions(*buttons.run(1, "Unmute", command_line("alert unmute")))],
    )


command = ChangeCommand(
    name="alert mute",
    usage="alert mute [--for 1h]",
    summary="Mute new alerts in this channel for a while",
    args=AlertMuteArgs,
    risk=Risk.LOW,
    position=276,
    verb="Mute alerts",
    purpose="mute alerts",
    synonyms=("snooze",),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
)
