"""`/turso digest now [--daily]`: post the usage digest of this channel now."""

from datetime import timedelta

from pydantic import BaseModel

from bot.commands.base import Context, ReadCommand
from bot.commands.digests import _schedule as digest_schedule
from bot.commands.digests._digest import digest
from bot.core.model import Risk
from bot.core.reply import Reply


class DigestNowArgs(BaseModel):
    daily: bool = False


async def run(ctx: Context, args: DigestNowArgs) -> Reply:
    """Return the digest: with `--daily` for a day, or else for the period of the channel's digest, or for a week."""
    kept = await ctx.store.digests.get(ctx.subject.channel.id)
    length = digest_schedule.length(kept) if kept else timedelta(days=7)
    return await digest(ctx, timedelta(days=1) if args.daily else length)


command = ReadCommand(
    name="digest now",
    usage="digest now [--daily]",
    summary="Post the usage digest now",
    args=DigestNowArgs,
    position=150,
    run=run,
    risk=Risk.LOW,
)
