"""`/turso alert list`: show which alerts this channel gets, and which are open."""

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.alert_cards import headline
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, joined, mrkdwn, person, when
from bot.commands._lines import command_line
from bot.commands._rights import may
from bot.commands._targets import attempt
from bot.commands.alerts._subscriptions import ALWAYS, LIST, chosen, mentioned, partly, subscription_of
from bot.commands.alerts._views import databases_for, may_see
from bot.commands.alerts._visibility import AlertVisibility
from bot.commands.alerts.alert_mute import command as mute
from bot.commands.alerts.alert_off import command as off
from bot.commands.alerts.alert_on import command as on
from bot.commands.alerts.alert_unmute import command as unmute
from bot.commands.base import Context, ReadCommand
from bot.core.alerts import Alert, AlertSubscription
from bot.core.reply import Block, Reply
from bot.errors import Unavailable

MOST = 10
UNKNOWN = mrkdwn("I couldn't check which databases have open alerts. Try again in a moment.")


class AlertListArgs(BaseModel):
    pass


async def run(ctx: Context, args: AlertListArgs) -> Reply:
    """Return which alerts the channel gets, who is mentioned, until when they are muted, and which are open."""
    one = await subscription_of(ctx)
    if one is None:
        head = mrkdwn(":no_bell: Alerts are off in this channel.")
        row = buttons.run(1, "Turn on", command_line(on.name)) if may(ctx, on.name) else []
        return reply(head, [kit.section(head), *kit.actions(*row)])
    head = mrkdwn(":bell: Alerts are on in this channel.")
    conditions = [mrkdwn("• when {}", line) for line in (*chosen(one), *ALWAYS)]
    blocks = [
        kit.section(joined("\n", [head, mrkdwn("You'll be notified"), *conditions])),
        *_notes(ctx, one),
        *await _open(ctx),
    ]
    return reply(head, [*blocks, *kit.actions(*_buttons(ctx, one))])


def _notes(ctx: Context, one: AlertSubscription) -> list[Block]:
    by = (
        mrkdwn("Turned on by the policy file.")
        if one.is_from_policy
        else mrkdwn("Turned on by {}.", person(one.author))
    )
    to = mrkdwn("Alerts mention {}.", mentioned(one.notify)) if one.notify else Mrkdwn("")
    muted = Mrkdwn("")
    if one.is_muted(ctx.now) and one.muted_until:
        muted = mrkdwn("Muted until {}.", when(one.muted_until))
    return [kit.context(*(note for note in (by, to, muted, partly(ctx)) if note))]


async def _open(ctx: Context) -> list[Block]:
    """Return lines for the last `MOST` open alerts that may be seen here, and a note if that isn't known of some."""
    seen, is_complete = await _seen(ctx)
    unknown = [] if is_complete else [kit.context(UNKNOWN)]
    if not seen:
        return unknown or [kit.context(mrkdwn("No alerts are open."))]
    whole = AlertVisibility.of(ctx).is_whole
    lines = [mrkdwn("{} Since {}.", headline(one, is_whole=whole), when(one.since)) for one in seen[-MOST:]]
    more = mrkdwn("and {} more", len(seen) - MOST) if len(seen) > MOST else Mrkdwn("")
    return [kit.section(joined("\n", [mrkdwn("*Open now*"), *lines, more])), *unknown]


async def _seen(ctx: Context) -> tuple[list[Alert], bool]:
    """Return the open alerts that may be seen here, and whether that is known of all open alerts."""
    found = await ctx.store.alerts.open(organization=ctx.organization, channel_id=ctx.subject.channel.id)
    databases = await attempt(databases_for(ctx, found))
    seen, is_complete = [], True
    for one in found:
        try:
            seen += [one] if may_see(ctx, one, databases) else []
        except Unavailable:
            is_complete = False
    return seen, is_complete


def _buttons(ctx: Context, one: AlertSubscription) -> list[Element]:
    row: list[Element] = []
    if one.is_muted(ctx.now):
        row += buttons.run(1, "Unmute", command_line(unmute.name)) if may(ctx, unmute.name) else []
    elif may(ctx, mute.name):
        row += buttons.run(2, "Mute 1 h", command_line(mute.name, for_="1h"))
    if not one.is_from_policy and may(ctx, off.name):
        row += buttons.run(3, "Turn off", command_line(off.name))
    return row


command = ReadCommand(
    name=LIST,
    usage="alert list",
    summary="Show this channel's alerts, and which are open",
    args=AlertListArgs,
    position=155,
    run=run,
)
