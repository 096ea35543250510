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
UNTIL, SECONDS = "until", "seconds"
"""Keys: when the mute ends, in the facts and (if it began with the request) in the plan, and how long it lasts."""


class AlertMuteArgs(BaseModel):
    lasting: Duration = Field(USUAL, alias="for")


async def plan(ctx: Context, args: AlertMuteArgs) -> Plan:
    """Return the plan: for how long nothing is posted."""
    if not SHORTEST <= args.lasting <= LONGEST:
        raise BadInput("Alerts can be muted for `1m` to `30d`. `/turso alert off` turns them off.")
    if await subscription_of(ctx) is None:
        raise BadInput("Alerts are off in this channel. Turn them on with `/turso alert on`.")
    return Plan(
        target=None,
        steps=[f"Post no new alerts in this channel for {span(args.lasting)}",
               "Then post the alerts that still apply"],
        arguments={UNTIL: (ctx.now + args.lasting).isoformat(), SECONDS: int(args.lasting.total_seconds())},
    )  # fmt: skip


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Store the mute, which begins now. It replaces an earlier one."""
    until = _earliest(plan)
    if SECONDS in plan.arguments:  # otherwise the plan is from an older version of the bot
        until = ctx.now + timedelta(seconds=plan.arguments[SECONDS])
    await ctx.store.alerts.mute(Mute(ctx.subject.channel.id, until, ctx.subject.person.id))
    return {UNTIL: until.isoformat()}


def _earliest(plan: Plan) -> datetime:
    """Return when the mute would end if it began when it was requested. An approval makes it begin later."""
    return datetime.fromisoformat(plan.arguments[UNTIL])


async def _stored(ctx: Context, plan: Plan) -> Mute | None:
    """Return the channel's mute if it may be the planned one, even if it has ended and wasn't deleted yet."""
    found = await ctx.store.alerts.mutes(_earliest(plan) - timedelta(microseconds=1))
    return next((one for one in found if one.channel_id == ctx.subject.channel.id), None)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once a mute that may be the planned one is stored.

    An earlier mute that lasts as long also counts. Ended mutes are deleted later, so False proves nothing.
    """
    return await _stored(ctx, plan) is not None


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Read until when alerts are muted."""
    mute = await _stored(ctx, plan)
    return {UNTIL: mute.until.isoformat()} if mute else {}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that says until when nothing is posted."""
    until = when(datetime.fromisoformat(str(facts.get(UNTIL) or plan.arguments[UNTIL])))
    head = mrkdwn(":no_bell: No new alerts in this channel until {}.", until)
    note = mrkdwn("Alerts that still apply then will be posted.")
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
    facts_again=facts_again,
)
