"""`/turso digest off`: turn off the usage digest of this channel."""

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands._lines import command_line
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.digests._schedule import DAYS
from bot.core.model import Risk
from bot.core.records.usage import Digest
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput


class DigestOffArgs(BaseModel):
    pass


async def plan(ctx: Context, args: DigestOffArgs) -> Plan:
    """Return the plan: which digest is turned off. Raises BadInput if the channel has none."""
    digest = await ctx.store.digests.get(ctx.subject.channel.id)
    if digest is None:
        raise BadInput("This channel has no digest. Turn it on with `/turso digest on`.")
    return Plan(
        target=None,
        steps=["Turn off the usage digest in this channel"],
        arguments={"channel_id": digest.channel_id, "again": _line(digest)},
        facts={"Digest": digest.cadence, "Time": f"{digest.at} {digest.tz}"},
    )


def _line(digest: Digest) -> str:
    """Return the command line that turns the same digest on again."""
    if digest.cadence == "daily":
        return command_line("digest on", digest.at, daily=True, tz=digest.tz)
    return command_line("digest on", DAYS[digest.weekday], digest.at, weekly=True, tz=digest.tz)


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the digest was changed since the plan. None otherwise."""
    digest, again = await ctx.store.digests.get(plan.arguments["channel_id"]), plan.arguments.get("again")
    if digest is None or again is None or _line(digest) == again:  # plans of older versions of the bot have no line
        return None
    return "This channel's digest was changed in the meantime."


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Delete the digest and its timer."""
    await ctx.store.digests.drop(plan.arguments["channel_id"])


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the digest is deleted."""
    return await ctx.store.digests.get(plan.arguments["channel_id"]) is None


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that the digest is off."""
    head = mrkdwn(":newspaper: The usage digest is off.")
    row = buttons.run(1, "Turn on again", str(plan.arguments.get("again") or command_line("digest on")))
    return reply(head, [kit.section(head), *kit.actions(*row)])


command = ChangeCommand(
    name="digest off",
    usage="digest off",
    summary="Turn off the usage digest in this channel",
    args=DigestOffArgs,
    risk=Risk.LOW,
    position=270,
    verb="Turn digest off",
    purpose="turn the digest off",
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
)
