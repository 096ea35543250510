"""`/turso alert on [--quota 50,80,95] [--spike 5x] [--forecast] [--to @U]`: turn on alerts in this channel."""

from datetime import datetime

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, joined, mrkdwn, when
from bot.commands._lines import command_line
from bot.commands.alerts._subscriptions import ALWAYS, Mentions, Quota, Spike, chosen, mentioned, partly, require_shown
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.alerts import AlertSubscription
from bot.core.alerts.thresholds import spike_factor
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import Plan

QUOTA, SPIKE = "50,80,95", "5x"
"""What `alert on` turns on, besides the forecast, without an option that chooses alerts."""
MUTED_UNTIL = "muted_until"
"""Key in the facts: when the channel's mute ends."""


class AlertOnArgs(BaseModel):
    quota: Quota | None = None
    spike: Spike | None = None
    forecast: bool = False
    mention: Mentions = Field(None, alias="to")


async def plan(ctx: Context, args: AlertOnArgs) -> Plan:
    """Return the plan: which alerts this channel will get, and who is mentioned."""
    require_shown(ctx)
    plain = args.quota is None and args.spike is None and not args.forecast
    asked = {
        "quota": QUOTA if plain else args.quota,
        "spike": SPIKE if plain else args.spike,
        "forecast": plain or args.forecast,
        "to": args.mention,
        "organization": ctx.organization,
        "partly": str(partly(ctx)),
    }
    conditions = [f"when {one}" for one in (*chosen(_subscription(ctx, asked)), *ALWAYS)]
    return Plan(target=None, steps=[f"Post an alert in this channel {one}" for one in conditions], arguments=asked)


def _subscription(ctx: Context, asked: Facts) -> AlertSubscription:
    return AlertSubscription(
        channel_id=ctx.subject.channel.id,
        organization=asked["organization"],
        quota=tuple(int(one) for one in (asked["quota"] or "").split(",") if one),
        spike=spike_factor(asked["spike"]) if asked["spike"] else None,
        forecast=asked["forecast"],
        notify=tuple((asked["to"] or "").split(",")) if asked["to"] else (),
        author=ctx.subject.person.id,
        created_at=ctx.now,
    )


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Store the alerts of the channel. They replace earlier ones, and those of the policy file. A mute stays."""
    await ctx.store.alerts.subscribe(_subscription(ctx, plan.arguments))
    return await facts_again(ctx, plan)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the alerts are stored as planned."""
    wanted = _subscription(ctx, plan.arguments)
    same = ("channel_id", "organization", "quota", "spike", "forecast", "notify")
    stored = [one for one in await ctx.store.alerts.stored_subscriptions() if one.channel_id == wanted.channel_id]
    return any(all(getattr(one, name) == getattr(wanted, name) for name in same) for one in stored)


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Read until when alerts are muted in this channel, if they are."""
    here = [one for one in await ctx.store.alerts.mutes(ctx.now) if one.channel_id == ctx.subject.channel.id]
    return {MUTED_UNTIL: here[0].until.isoformat()} if here else {}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: which alerts the channel gets, until when they are muted, and how to turn them off."""
    asked = plan.arguments
    head = mrkdwn(":bell: Alerts are on in this channel.")
    steps = [one.removeprefix("Post an alert in this channel ") for one in plan.steps]
    conditions = [mrkdwn("• {}", one) for one in steps]
    to = mrkdwn("Alerts mention {}.", mentioned(asked["to"].split(","))) if asked["to"] else Mrkdwn("")
    until = facts.get(MUTED_UNTIL)
    muted = mrkdwn("They are still muted until {}.", when(datetime.fromisoformat(until))) if until else Mrkdwn("")
    notes = [one for one in (to, muted, Mrkdwn(asked["partly"])) if one]
    row = [*buttons.run(1, "Show", command_line("alert list")), *buttons.run(2, "Turn off", command_line("alert off"))]
    row += buttons.run(3, "Unmute", command_line("alert unmute")) if until else []
    said = kit.section(joined("\n", [head, mrkdwn("You'll be notified"), *conditions]))
    return reply(head, [said, *([kit.context(*notes)] if notes else []), *kit.actions(*row)])


command = ChangeCommand(
    name="alert on",
    usage="alert on [--quota 50,80,95] [--spike 5x] [--forecast] [--to @U]",
    summary="Turn on alerts in this channel",
    args=AlertOnArgs,
    risk=Risk.LOW,
    position=272,
    verb="Turn alerts on",
    purpose="turn alerts on",
    synonyms=("alarm",),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=facts_again,
)
