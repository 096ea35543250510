"""`/turso alert off`: turn off the alerts of this channel."""

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands._lines import command_line
from bot.commands.alerts._subscriptions import in_policy, subscription_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.alerts import AlertSubscription
from bot.core.alerts.thresholds import factor_text
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput


class AlertOffArgs(BaseModel):
    pass


async def plan(ctx: Context, args: AlertOffArgs) -> Plan:
    """Return the plan: how to turn the same alerts on again, and whether those of the policy file apply instead."""
    now = await subscription_of(ctx)
    if now is None:
        raise BadInput("Alerts are off in this channel. Turn them on with `/turso alert on`.")
    if now.is_from_policy:
        raise BadInput(
            "The policy file turns on this channel's alerts, so only an admin can turn them off. "
            "`/turso alert mute --for 1d` mutes them."
        )
    falls_back = in_policy(ctx) is not None
    steps = ["Turn off alerts in this channel"]
    steps += ["This channel uses the alert settings in the policy file again"] if falls_back else []
    return Plan(
        target=None,
        steps=steps,
        arguments={"channel_id": now.channel_id, "again": _line(now), "falls_back": falls_back},
    )


def _line(one: AlertSubscription) -> str:
    """Return the command line that turns the same alerts on again."""
    return command_line(
        "alert on",
        quota=",".join(map(str, one.quota)),
        spike=factor_text(one.spike) if one.spike is not None else None,
        forecast=one.forecast,
        to=",".join(one.notify),
    )


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the channel has other alerts of its own, or the policy file has begun or stopped to set any.

    None otherwise, also if the channel's own alerts are already off.
    """
    now, falls_back = await subscription_of(ctx), in_policy(ctx) is not None
    is_other = now is not None and not now.is_from_policy and _line(now) != plan.arguments["again"]
    if is_other or falls_back != plan.arguments["falls_back"]:
        return "This channel's alerts were changed in the meantime."
    return None


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Delete the channel's own alerts."""
    await ctx.store.alerts.unsubscribe(plan.arguments["channel_id"])


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the channel's own alerts are deleted."""
    stored = await ctx.store.alerts.stored_subscriptions()
    return all(one.channel_id != plan.arguments["channel_id"] for one in stored)


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that the alerts are off, or that those of the policy file apply."""
    head = mrkdwn(":no_bell: Alerts are off in this channel.")
    if plan.arguments["falls_back"]:
        head = mrkdwn(":bell: This channel uses the alert settings in the policy file again.")
    row = buttons.run(1, "Turn on again", str(plan.arguments["again"]))
    return reply(head, [kit.section(head), *kit.actions(*row)])


command = ChangeCommand(
    name="alert off",
    usage="alert off",
    summary="Turn off alerts in this channel",
    args=AlertOffArgs,
    risk=Risk.LOW,
    position=274,
    verb="Turn alerts off",
    purpose="turn alerts off",
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
)
